// SPDX-License-Identifier: Apache-2.0
// Drive one real browser through the proxy: load the page named, wait until
// it says what it managed, print that as JSON.
//   node visit.mjs chrome|firefox PROGRAM PROXY-HOST:PORT URL FOLDER
import puppeteer from 'puppeteer-core';

const [, , kind, program, proxy, url, folder] = process.argv;
const [host, port] = proxy.split(':');

const options = {
  browser: kind,
  executablePath: program,
  headless: true,
  userDataDir: folder,
  acceptInsecureCerts: true,
  timeout: 60000,
};
if (kind === 'chrome') {
  options.args = ['--no-sandbox', '--disable-gpu', '--disable-quic',
    '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
    '--disable-dev-shm-usage', `--proxy-server=http://${proxy}`];
} else {
  options.protocol = 'webDriverBiDi';
  options.extraPrefsFirefox = {
    'network.proxy.type': 1,
    'network.proxy.http': host,
    'network.proxy.http_port': Number(port),
    'network.proxy.ssl': host,
    'network.proxy.ssl_port': Number(port),
    'network.proxy.no_proxies_on': '',
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'dom.security.https_only_mode': false,
  };
}

const browser = await puppeteer.launch(options);
let status = 1;
try {
  const page = await browser.newPage();
  const answer = await page.goto(url, { waitUntil: 'load', timeout: 60000 });
  if (url.endsWith('/page.html'))
    await page.waitForFunction('window.done === true', { timeout: 30000 });
  const seen = await page.evaluate(() => ({
    results: window.results ?? null,
    title: document.title,
    text: document.body.innerText,
  }));
  seen.status = answer ? answer.status() : null;
  console.log(JSON.stringify(seen));
  status = 0;
} catch (fault) {
  console.log(JSON.stringify({ fault: String(fault) }));
} finally {
  await Promise.race([browser.close(),
    new Promise((resolve) => setTimeout(resolve, 5000))]);
}
process.exit(status);
