//! Everything the hub answers: the API, its specification and documentation, the page.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use poem::{
    Endpoint, EndpointExt, IntoEndpoint, IntoResponse as _, Request, Response,
    endpoint::BoxEndpoint,
    error::{MethodNotAllowedError, NotFoundError},
    http::{HeaderValue, Method, StatusCode, header},
};
use poem_openapi::{LicenseObject, OpenApiService};

use super::{
    body,
    context::{Context, Guards, Shared},
    error::{self, ApiError},
    events,
    ingest::{self, Ingest, Inlet},
    keys,
    middleware::{
        is_safe,
        rate_limit::PublishLimiter,
        request_id::{self, RequestIds},
        token::Refusal,
        token_guesses::TokenGuesses,
    },
    notifications, page, push, read, specification, status,
};
use crate::{metrics::Metrics, security_headers, throttle::Throttle};

/// Swagger UI's template brings its scripts and styles along in the page.
const DOCS_CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; \
    img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type Apis = (
    notifications::NotificationsApi,
    keys::KeysApi,
    read::ReadApi,
    ingest::notify::NotifyApi,
    events::EventsApi,
    push::PushApi,
    status::HealthApi,
);

fn service(context: Option<&Context>) -> OpenApiService<Apis, ()> {
    let shared = Shared(context.cloned().map(Arc::new));
    let apis = (
        notifications::NotificationsApi { shared: shared.clone() },
        keys::KeysApi { shared: shared.clone() },
        read::ReadApi { shared: shared.clone() },
        ingest::notify::NotifyApi { shared: shared.clone() },
        events::EventsApi { shared: shared.clone() },
        push::PushApi { shared: shared.clone() },
        status::HealthApi { shared },
    );
    OpenApiService::new(apis, "NotifyHub", env!("CARGO_PKG_VERSION"))
        .description(
            "One self-hosted feed of notifications, pushed to every open browser and subscriber the moment they \
             are posted. Every error has the body `{\"code\":\"…\",\"message\":\"…\"}`.",
        )
        // Relative to the documentation, so that "Try it out" works under any path a proxy gives the hub.
        .server("./")
        .license(LicenseObject::new("MIT OR Apache-2.0").url("https://spdx.org/licenses/MIT.html"))
}

/// The specification (OpenAPI 3.0) as JSON, ending in a line break.
pub fn spec() -> String {
    specification::complete(&service(None).spec())
}

/// Everything the hub answers: the API, its documentation, the page.
pub fn endpoint(context: &Context) -> impl Endpoint<Output = Response> + 'static {
    let service = service(Some(context));
    let spec = spec();
    let mut methods = methods_by_path(&spec);
    methods.extend(DOCUMENTS.map(|path| (path.to_owned(), "GET, HEAD".to_owned())));
    // ntfy's JSON.
    methods.insert("/".into(), "GET, HEAD, POST, PUT".into());
    // The template has neither doctype nor icon of its own.
    let docs = format!(
        "<!doctype html>{}",
        service
            .swagger_ui_html()
            .replace("<title>Swagger UI", "<title>NotifyHub API")
            .replace(&service.spec(), spec.trim_end())
    );
    Site {
        api: service.into_endpoint().boxed(),
        spec: spec.into(),
        docs: docs.into(),
        methods,
        no_sse: context.no_sse,
        no_service_worker: context.no_service_worker,
        metrics: context.metrics.clone(),
        complaints: Throttle::every(COMPLAINT_INTERVAL),
        ingest: Ingest::new(context.clone()),
        publish_limiter: context.guards.publish_rate.map(PublishLimiter::new),
        token_guesses: TokenGuesses::default(),
        guards: context.guards.clone(),
        request_ids: RequestIds::new(),
    }
}

/// How often it is complained about requests that the hub cannot do.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(10);

/// What stands beside the API and is always there.
const DOCUMENTS: [&str; 3] = ["/", "/docs", "/openapi.json"];

struct Site {
    api: BoxEndpoint<'static>,
    spec: bytes::Bytes,
    docs: bytes::Bytes,
    /// The methods that each path of the specification, and each document, takes; path parameters stand as `{name}`.
    methods: HashMap<String, String>,
    /// There are no event streams.
    no_sse: bool,
    /// The page has no service worker.
    no_service_worker: bool,
    metrics: Metrics,
    /// About requests that the hub cannot do.
    complaints: Throttle,
    guards: Guards,
    ingest: Ingest,
    publish_limiter: Option<PublishLimiter>,
    token_guesses: TokenGuesses,
    request_ids: RequestIds,
}

impl Site {
    fn document(&self, request: &Request) -> Option<Response> {
        match request.uri().path() {
            "/openapi.json" => {
                Some(Response::builder().content_type("application/json").body(self.spec.clone()))
            }
            "/docs" => Some(
                Response::builder()
                    .content_type("text/html; charset=utf-8")
                    .header(header::CONTENT_SECURITY_POLICY, DOCS_CONTENT_SECURITY_POLICY)
                    .body(self.docs.clone()),
            ),
            "/events" if self.no_sse => Some(events::streaming_is_off()),
            page::SERVICE_WORKER if self.no_service_worker => None,
            path => page::find(path, request.headers()),
        }
    }

    /// The methods a path takes, for the `Allow` header of a 405 (RFC 9110, section 15.5.6).
    fn allowed_methods(&self, path: &str) -> Option<&str> {
        let matches = |template: &str| {
            template.split('/').count() == path.split('/').count()
                && template.split('/').zip(path.split('/')).all(|(t, p)| t == p || t.starts_with('{'))
        };
        self.methods.iter().find(|(template, _)| matches(template)).map(|(_, methods)| methods.as_str())
    }
}

/// A request that was answered, as it is logged. Its query is not: it may say what was searched for.
struct Answered<'a> {
    id: &'a str,
    method: &'a Method,
    path: &'a str,
    began: Instant,
}

impl Answered<'_> {
    fn log(&self, status: StatusCode, code: Option<&str>) {
        let Answered { id, method, path, began } = self;
        tracing::debug!(request_id = id, %method, path, status = status.as_u16(), code, took = ?began.elapsed(), "answered");
    }
}

impl Endpoint for Site {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let began = Instant::now();
        let id = self.request_ids.of(&request);
        request_id::tell(&id, &mut request);
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let page = self.guards.origins.headers_for(request.headers());
        let inlet = Inlet::find(&request);
        let mut response = match (self.admit(&request, inlet), inlet) {
            (Ok(Some(answer)), _) => answer,
            // Boxed: every connection's task would have room for it.
            (Ok(None), Some(inlet)) => Box::pin(self.ingest.serve(inlet, request)).await,
            (Ok(None), None) => self.respond(request, &path, request_id::as_text(&id)).await,
            (Err(refusal), Some(inlet)) => inlet.refuse(refusal),
            (Err(refusal), None) => refusal.into_response(),
        };
        let path = ingest::told_path(inlet, &path);
        let answered = Answered { id: request_id::as_text(&id), method: &method, path, began };
        if response.status().is_client_error() || response.status().is_server_error() {
            // On the heap: most requests are not refused, and a task is as large as its largest part.
            Box::pin(self.note_refusal(&answered, &mut response)).await;
        } else {
            answered.log(response.status(), None);
        }
        self.guards.origins.add(page, &mut response);
        security_headers::add(&mut response);
        request_id::add(id, &mut response);
        Ok(response)
    }
}

impl Site {
    /// Whether a request may be made at all, before anything of its body is read. `Some`: the answer, to a browser that
    /// asks just that.
    fn admit(&self, request: &Request, inlet: Option<Inlet>) -> Result<Option<Response>, ApiError> {
        let guards = &self.guards;
        guards.hosts.check(request).map_err(|host| ApiError::of_host(&host))?;
        if let Some(answer) = guards.origins.preflight(request) {
            return Ok(Some(answer));
        }
        // Through an inlet even GET may publish.
        let checked = match inlet {
            Some(_) => guards.origins.check_change(request),
            None => guards.origins.check(request),
        };
        checked.map_err(|origin| ApiError::of_origin(&origin))?;
        if inlet.is_none() && is_safe(request.method()) {
            return Ok(None);
        }
        let client = guards.trusted_proxies.client_of(request);
        if let Some(limiter) = &self.publish_limiter
            && let Some(client) = client
        {
            limiter.check(client).map_err(|wait| {
                // The senders that are not ours give up after a 429, and come back after a 503.
                if inlet.is_some() || request.uri().path() == "/api/notify" {
                    ApiError::busy_for(wait)
                } else {
                    ApiError::of_rate(wait)
                }
            })?;
        }
        let checked = match inlet {
            Some(inlet) => match inlet.shown(guards, request)? {
                Some(shown) => guards.tokens.check_any(shown),
                None => return Ok(None),
            },
            None => guards.tokens.check(request),
        };
        if let Some(client) = client {
            match &checked {
                Ok(Some(publisher)) => self.token_guesses.right(client, publisher),
                Err(Refusal::Unknown(digest)) => self.token_guesses.wrong(client, *digest),
                Ok(None) | Err(Refusal::Missing) => Ok(()),
            }
            .map_err(ApiError::of_guesses)?;
        }
        let publisher = checked.map_err(ApiError::of_token)?;
        if let Some(publisher) = publisher {
            tracing::debug!(request_id = request_id::told(request), publisher, "may publish");
        }
        Ok(None)
    }

    /// Counts and logs that a request was refused.
    async fn note_refusal(&self, answered: &Answered<'_>, response: &mut Response) {
        let code = error::code_of(response).await;
        self.metrics.refused(!is_safe(answered.method), &code);
        answered.log(response.status(), Some(&code));
        let is_expected = matches!(&*code, "stopping" | "too_many_posts");
        if response.status().is_server_error()
            && !is_expected
            && let Some(skipped) = self.complaints.pass()
        {
            let Answered { id, method, path, .. } = answered;
            let status = response.status().as_u16();
            tracing::warn!(request_id = id, %method, path, status, code, skipped, "a request could not be done");
        }
    }

    async fn respond(&self, mut request: Request, path: &str, request_id: &str) -> Response {
        if matches!(*request.method(), Method::GET | Method::HEAD)
            && let Err(refusal) = body::discard(&mut request).await
        {
            return refusal.into_response();
        }
        if request.method() == Method::HEAD && path == "/events" && !self.no_sse {
            return events::head();
        }
        // HEAD is GET without the body, which the connection leaves out (RFC 9110, section 9.3.2).
        if request.method() == Method::HEAD {
            request.set_method(Method::GET);
        }
        if request.method() == Method::GET
            && let Some(document) = self.document(&request).or_else(|| ingest::about(path))
        {
            return document;
        }
        let error = match self.api.call(request).await {
            Ok(response) => return response,
            Err(error) if error.is::<NotFoundError>() && DOCUMENTS.contains(&path) => {
                MethodNotAllowedError.into()
            }
            Err(error) => error,
        };
        let mut response = error::of_error(error, path, request_id);
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Some(methods) = self.allowed_methods(path)
            && let Ok(methods) = HeaderValue::from_str(methods)
        {
            response.headers_mut().insert(header::ALLOW, methods);
        }
        response
    }
}

fn methods_by_path(spec: &str) -> HashMap<String, String> {
    let spec: serde_json::Value = serde_json::from_str(spec).expect("our own specification is JSON");
    let paths = spec["paths"].as_object().expect("a specification has paths");
    let methods = |operations: &serde_json::Value| {
        let names = operations.as_object().into_iter().flat_map(|operations| operations.keys());
        names
            .map(|name| name.to_uppercase())
            .map(|name| if name == "GET" { "GET, HEAD".into() } else { name })
            .collect::<Vec<_>>()
            .join(", ")
    };
    paths.iter().map(|(path, operations)| (path.clone(), methods(operations))).collect()
}
