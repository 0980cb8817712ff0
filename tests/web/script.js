// SPDX-License-Identifier: Apache-2.0
// The page's own tests: what it managed to load ends in window.results.
(async () => {
  const note = async (name, work) => {
    try {
      window.results[name] = await work();
    } catch (fault) {
      window.results[name] = String(fault);
    }
  };
  const image = (name) => new Promise((resolve, reject) => {
    const element = new Image();
    element.onload = () => resolve(element.naturalWidth);
    element.onerror = () => reject(new Error(`no image ${name}`));
    element.src = name;
    document.getElementById('images').append(element);
  });
  await note('style', async () =>
    getComputedStyle(document.querySelector('h1')).color);
  await note('images', async () => {
    const widths = await Promise.all(
      [...Array(20).keys()].map((i) => image(`image-${i}.svg`)));
    return widths.reduce((a, b) => a + b, 0);
  });
  await note('fetches', async () => {
    const texts = await Promise.all([...Array(20).keys()].map(
      async (i) => (await fetch(`data-${i}.txt?n=${i}`)).text()));
    return texts.join('').length;
  });
  await note('post', async () => (await fetch('echo', {
    method: 'POST', body: 'x'.repeat(100000),
  })).text());
  await note('missing', async () => (await fetch('missing')).status);
  await note('websocket', () => new Promise((resolve, reject) => {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/socket`);
    const got = [];
    socket.onopen = () => {
      socket.send('hello');
      socket.send('y'.repeat(70000));
    };
    socket.onmessage = (event) => {
      got.push(event.data.length);
      if (got.length === 2) {
        socket.close();
        resolve(got.join(' '));
      }
    };
    socket.onerror = () => reject(new Error('the WebSocket failed'));
  }));
  window.done = true;
})();
