// When each row was painted for the first time, as the page itself sees it.
import type { Page } from '@playwright/test'

declare global {
  interface Window {
    /** By the title of the row, in milliseconds since 1970; 0: drawn, and not yet out. */
    painted: Record<string, number>
  }
}

/** To be called before the page is opened: it then keeps `window.painted`. */
export async function watchPainted(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.painted = {}
    const look = () => {
      for (const text of document.querySelectorAll('.row-title, .need .q')) {
        const title = text.textContent ?? ''
        if (title in window.painted) continue
        window.painted[title] = 0
        // The frame after the one that draws it begins when the drawn one is out.
        requestAnimationFrame(() => setTimeout(() => (window.painted[title] = Date.now())))
      }
    }
    new MutationObserver(look).observe(document, { childList: true, subtree: true })
  })
}
