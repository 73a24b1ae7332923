// How Chromium is started: the system's own, or the one in CHROMIUM.
export const chromiumOptions = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    // Without these, Chromium looks for its maker's servers in the background.
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // What people have; the automated browser would else allow sound from the start.
    '--autoplay-policy=document-user-activation-required',
  ],
}
