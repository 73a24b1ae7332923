// What a real browser lets other sites' pages do to the hub, and how the page asks for the publish token.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createEncryptedServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser } from '@playwright/test'
import config from './playwright.config'
import { Hub } from './support/hub'
import { chooseInMenu, expect, test } from './support/test'

const token = '0123456789abcdef'

/** Everything a page can try on another origin; what it got of each. Run in the browser. */
async function attack(hub: string): Promise<Record<string, string>> {
  const attempt = async (what: () => Promise<string>) => {
    try {
      return await what()
    } catch {
      return 'refused'
    }
  }
  const json = { 'content-type': 'application/json' }
  const body = JSON.stringify({ message: 'from another site' })
  const read = (path: string, init?: RequestInit) =>
    attempt(async () => (await (await fetch(hub + path, init)).text()).slice(0, 20) || 'empty')
  const plain = (path: string, body: string) =>
    attempt(async () => {
      const headers = { 'content-type': 'text/plain' }
      await fetch(hub + path, { method: 'POST', mode: 'no-cors', headers, body })
      return 'sent'
    })
  const stream = () =>
    new Promise<string>((resolve) => {
      const source = new EventSource(`${hub}events`)
      const end = (text: string) => (source.close(), resolve(text))
      source.onerror = () => end('refused')
      source.addEventListener('hello', () => end('open'))
    })
  return {
    list: await read('api/notifications'),
    status: await read('api/status'),
    page: await read(''),
    post: await read('api/notifications', { method: 'POST', headers: json, body }),
    delete: await read('api/notifications', { method: 'DELETE' }),
    stream: await stream(),
    // These are sent without asking first; that it is refused shows in what is stored.
    plain: await plain('api/notify', body),
    beacon: String(navigator.sendBeacon(`${hub}api/notifications`, body)),
    // Text is all that an inlet asks for.
    ntfy: await plain('builds', 'from another site'),
    ntfy_json: await plain('', JSON.stringify({ topic: 'builds', message: 'from another site' })),
    hook: await plain('hooks', 'from another site'),
    slack: await plain('hooks/slack', JSON.stringify({ text: 'from another site' })),
    gotify: await plain('message', body),
    // What GET may publish where it is allowed, an image needs no script for.
    image: await new Promise<string>((resolve) => {
      const image = new Image()
      image.onload = () => resolve('loaded')
      image.onerror = () => resolve('refused')
      image.src = `${hub}builds/publish?message=from+an+image`
    }),
  }
}

/** What becomes of an address in each element that loads one. Run in the browser. */
async function embed(url: string): Promise<Record<string, string>> {
  const load = (name: string, attribute: string) =>
    new Promise<string>((resolve) => {
      const element = document.createElement(name)
      element.onload = () => resolve('loaded')
      element.onerror = () => resolve('refused')
      if (name === 'link') element.setAttribute('rel', 'stylesheet')
      element.setAttribute(attribute, url)
      document.body.append(element)
    })
  return {
    script: await load('script', 'src'),
    style: await load('link', 'href'),
    image: await load('img', 'src'),
  }
}

/** A key and a certificate that nobody vouches for. */
function selfSigned(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'notifyhub-browser-test-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=evil.example', '-addext', 'subjectAltName=DNS:evil.example']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  })
  const pair = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(folder, { recursive: true })
  return pair
}

test.describe('pages of other sites', () => {
  let sites: Record<'http' | 'https', Server>
  let browser: Browser

  test.beforeAll(async () => {
    const page: RequestListener = (_, answer) => {
      answer
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>Evil</title><body></body>')
    }
    sites = { http: createServer(page), https: createEncryptedServer(selfSigned(), page) }
    for (const site of Object.values(sites))
      await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
    const options = config.use!.launchOptions!
    // As a rebound name does: the browser takes these for other sites, and they are this machine.
    const rebound = '--host-resolver-rules=MAP *.example 127.0.0.1'
    browser = await chromium.launch({ ...options, args: [...options.args!, rebound] })
  })

  test.afterAll(async () => {
    await browser.close()
    for (const site of Object.values(sites)) site.close()
  })

  const address = (scheme: 'http' | 'https', name: string) =>
    `${scheme}://${name}:${(sites[scheme].address() as AddressInfo).port}/`

  for (const [scheme, name] of [
    ['http', 'evil.example'],
    ['https', 'evil.example'],
    ['http', '127.0.0.1'],
    ['http', 'localhost'],
  ] as const) {
    test(`a page of ${scheme}://${name} can neither read nor write`, async () => {
      const hub = await Hub.start('--allow-get')
      try {
        await hub.publish('a secret')
        const page = await browser.newPage({ ignoreHTTPSErrors: true })
        await page.goto(address(scheme, name))
        const result = await page.evaluate(attack, hub.url)
        expect(result).toEqual({
          list: 'refused',
          status: 'refused',
          page: 'refused',
          post: 'refused',
          delete: 'refused',
          stream: 'refused',
          plain: 'refused',
          beacon: 'true',
          ntfy: 'refused',
          ntfy_json: 'refused',
          hook: 'refused',
          slack: 'refused',
          gotify: 'refused',
          image: 'refused',
        })
        // And forms, which take the browser away with them.
        for (const [path, field, value] of [
          ['api/notifications', '{"message":"from a form","title":"', '"}'],
          ['', '{"topic":"builds","message":"from a form","title":"', '"}'],
          ['builds', 'message', 'from a form'],
          ['hooks', 'text', 'from a form'],
          ['message', 'message', 'from a form'],
        ]) {
          await page.goto(address(scheme, name))
          await page.setContent(
            `<form method="post" enctype="text/plain" action="${hub.url}${path}">
              <input name='${field}' value='${value}'></form>`,
          )
          const [answer] = await Promise.all([
            page.waitForResponse(`${hub.url}${path}`),
            page.waitForURL(`${hub.url}${path}`),
            page.evaluate(() => document.forms[0].submit()),
          ])
          expect(answer.status(), path).toBe(403)
        }
        expect((await hub.list()).map(({ message }) => message)).toEqual(['a secret'])
        expect(await hub.streams()).toBe(0)
        await page.close()
      } finally {
        await hub.stop()
      }
    })
  }

  test('nothing of the hub can be embedded or held', async ({ hub }) => {
    await hub.publish('a secret')
    const page = await browser.newPage()
    await page.goto(address('http', 'evil.example'))
    for (const path of [
      'api/notifications',
      'api/status',
      'openapi.json',
      'metrics',
      'nothing',
      'events',
    ])
      expect(await page.evaluate(embed, hub.url + path), path).toEqual({
        script: 'refused',
        style: 'refused',
        image: 'refused',
      })
    for (const path of ['', 'docs', 'api/notifications']) {
      await page.setContent(`<iframe src="${hub.url}${path}"></iframe>`)
      await expect.poll(() => page.frames()[1]?.url(), path).toBe('chrome-error://chromewebdata/')
    }
    // A window of the hub's is out of its opener's hands.
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate((url) => void Object.assign(window, { held: window.open(url) }), hub.url),
    ])
    await opened.waitForLoadState()
    expect(await opened.evaluate(() => window.opener === null)).toBe(true)
    const held = () => page.evaluate(() => (window as unknown as { held: Window }).held.closed)
    await expect.poll(held).toBe(true)
    await expect.poll(() => hub.streams()).toBeLessThanOrEqual(1)
    await page.close()
    await opened.close()
  })

  test('a name that is made to point here reaches nothing', async ({ hub }) => {
    await hub.publish('a secret')
    const page = await browser.newPage()
    const answer = await page.goto(`http://rebound.example:${hub.port}/`)
    expect(answer!.status()).toBe(421)
    // The page is now one of that origin: for the browser the hub's own.
    const result = await page.evaluate(attack, `http://rebound.example:${hub.port}/`)
    for (const [what, got] of Object.entries(result)) {
      if (got === 'sent' || what === 'beacon') continue
      expect(`${what}: ${got}`).toMatch(/: (refused|\{"code":"unknown_host)/)
    }
    expect((await hub.list()).map(({ message }) => message)).toEqual(['a secret'])
    await page.close()
  })
})

test('the page asks for the publish token once and keeps it', async ({ page }) => {
  const hub = await Hub.start('--publish-token', token)
  try {
    const post = (message: string) =>
      fetch(`${hub.url}api/notifications`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ message }),
      })
    await post('alpha')
    // The browser reports each 401 on its console.
    await page.goto(hub.url)
    await expect(page.getByText('alpha').first()).toBeVisible()
    await expect(page.getByRole('dialog')).toHaveCount(0)

    await chooseInMenu(page, 'Delete everything on the hub…')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete everything' }).click()
    const question = page.getByRole('dialog', { name: 'Publish token' })
    await question.getByLabel('Token', { exact: true }).fill('a wrong token here')
    await question.getByRole('button', { name: 'Use it' }).click()
    await expect(question.getByText('The hub does not know that token.')).toBeVisible()
    await question.getByLabel('Token', { exact: true }).fill(token)
    await question.getByRole('button', { name: 'Use it' }).click()
    await expect(page.getByRole('dialog')).toHaveCount(0)
    await expect(page.getByText('alpha')).toHaveCount(0)
    expect(await hub.list()).toEqual([])

    // Kept, also for what the page does by itself: moving the read mark.
    await post('beta')
    const status = async () =>
      (await (await fetch(`${hub.url}api/status`)).json()) as { read_through?: string }
    const newest = (await hub.list())[0].id
    await expect.poll(async () => (await status()).read_through).toBe(newest)
    await page.reload()
    await expect(page.getByText('beta').first()).toBeVisible()
    await chooseInMenu(page, 'Delete everything on the hub…')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete everything' }).click()
    await expect(page.getByText('beta')).toHaveCount(0)
    await expect(page.getByRole('dialog')).toHaveCount(0)
  } finally {
    await hub.stop()
  }
})
