// Starts Swagger UI on this hub's own specification. An event stream never ends, so that it cannot be tried in a form:
// instead of the form there is the line that shows it, with the address that this page came from.
(async () => {
  const address = new URL('./', document.baseURI)
  const response = await fetch(new URL('openapi.json', address))
  const spec = await response.json()
  const stream = spec.paths['/events'].get
  stream.description += `\n\nIt never ends, so watch it in a terminal:\n\n\`\`\`\ncurl -N ${address}events\n\`\`\``

  SwaggerUIBundle({
    dom_id: '#ui',
    spec,
    deepLinking: true,
    plugins: [
      {
        statePlugins: {
          spec: {
            wrapSelectors: {
              allowTryItOutFor: (original) => (state, path, method) =>
                path !== '/events' && original(state, path, method),
            },
          },
        },
      },
    ],
  })
})()
