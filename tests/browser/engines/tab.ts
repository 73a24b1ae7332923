// A tab as a test sees it, whichever engine it is in: what is shown, and what a hand does. Each engine brings the few
// primitives below; everything else is made of them here, once.

/** What an engine has to be able to do. */
export interface TabDriver {
  /** Resolves when the page has loaded. */
  goTo(url: string): Promise<void>
  back(): Promise<void>
  /** Resolves to the string that this expression has or promises. Must not count as a gesture of the user's. */
  evaluate(expression: string): Promise<string>
  /** Moves the pointer there, as a hand would, and presses it if asked to; in CSS pixels of the viewport. */
  point(x: number, y: number, press: boolean): Promise<void>
  press(key: string): Promise<void>
  close(): Promise<void>
}

export interface Engine {
  openTab(): Promise<TabDriver>
  stop(): Promise<void>
}

export class Tab {
  isOpen = true

  constructor(private readonly driver: TabDriver) {}

  goTo(url: string): Promise<void> {
    return this.driver.goTo(url)
  }

  back(): Promise<void> {
    return this.driver.back()
  }

  press(key: string): Promise<void> {
    return this.driver.press(key)
  }

  async close(): Promise<void> {
    if (!this.isOpen) return
    this.isOpen = false
    await this.driver.close()
  }

  /** Calls a function in the page; what goes there and comes back must fit into JSON. */
  async evaluate<Result, Argument = undefined>(
    call: (argument: Argument) => Result | Promise<Result>,
    argument?: Argument,
  ): Promise<Result> {
    const value = argument === undefined ? '' : JSON.stringify(argument)
    const wrapped = `(async () => JSON.stringify((await (${String(call)})(${value})) ?? null))()`
    return JSON.parse(await this.driver.evaluate(wrapped)) as Result
  }

  /** What is written in each of these, of those that are drawn. */
  texts(selector: string): Promise<string[]> {
    return this.evaluate(
      (wanted) =>
        [...document.querySelectorAll<HTMLElement>(wanted)]
          .filter((element) => element.checkVisibility({ visibilityProperty: true }))
          .map((element) => element.innerText.trim()),
      selector,
    )
  }

  async isVisible(selector: string): Promise<boolean> {
    return (await this.texts(selector)).length > 0
  }

  title(): Promise<string> {
    return this.evaluate(() => document.title)
  }

  /** Points at the first of these, as the hand does before it clicks: what shows only then shows now. */
  async hover(selector: string): Promise<void> {
    const { x, y } = await this.middleOf(selector)
    await this.driver.point(x, y, false)
  }

  async click(selector: string): Promise<void> {
    const { x, y } = await this.middleOf(selector)
    await this.driver.point(x, y, true)
  }

  /** A click on nothing in particular. */
  clickBeside(): Promise<void> {
    return this.driver.point(2, 500, true)
  }

  private middleOf(selector: string): Promise<{ x: number; y: number }> {
    return this.evaluate((wanted) => {
      const element = document.querySelector(wanted)
      if (!element) throw new Error(`there is no ${wanted}`)
      element.scrollIntoView({ block: 'nearest' })
      const { left, top, width, height } = element.getBoundingClientRect()
      return { x: Math.round(left + width / 2), y: Math.round(top + height / 2) }
    }, selector)
  }
}
