// A headless Chromium signed in to Home Assistant, told what to do by one JSON line after the other.
// Each line {op, ...} on standard input is answered by one line {ok: result} or {error: text}.
// Environment: PLAYWRIGHT_HOME (folder with node_modules/playwright-core), CHROMIUM (the browser).
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const { chromium } = createRequire(path.join(process.env.PLAYWRIGHT_HOME, 'page.js'))('playwright-core');
const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'eufy-demo-page-'));
let context, page;
let errors = [];

// Runs inside the page: everything below shadow roots that matches.
const helpers = `
  window.deepAll = (selector, root = document, found = []) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.matches(selector)) found.push(element);
      if (element.shadowRoot) deepAll(selector, element.shadowRoot, found);
    }
    return found;
  };
  window.entityOf = element => {
    for (let node = element; node; node = node.parentNode || node.host) {
      const id = node.stateObj?.entity_id || node.entityid;
      if (id) return id;
    }
    return null;
  };
`;

const operations = {
  // Start the browser; without webrtc its connections never get anywhere, as in a network that blocks them.
  // (A browser that has no WebRTC at all gets stills from Home Assistant 2026.10 in muted cards, not HLS.)
  async start({ base, tokens, webrtc, width = 1600, height = 1000 }) {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.CHROMIUM, headless: true, viewport: { width, height }, reducedMotion: 'reduce',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required',
        '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],  // nothing but loopback
    });
    page = context.pages()[0] || await context.newPage();
    page.on('console', message => { if (message.type() === 'error') errors.push(message.text().slice(0, 200)); });
    await page.addInitScript(helpers);
    if (!webrtc) await page.addInitScript('RTCPeerConnection.prototype.setRemoteDescription = () => new Promise(() => {});');
    await page.addInitScript(text => localStorage.setItem('hassTokens', text), JSON.stringify({
      ...tokens, token_type: 'Bearer', expires_in: 1800, hassUrl: base, clientId: base + '/', expires: Date.now() + 1.8e6,
    }));
    // Load the front end on a page without video, so that later figures are the video's alone.
    await page.goto(base + '/profile', { waitUntil: 'load' });
    await page.waitForFunction(
      () => document.querySelector('home-assistant')?.shadowRoot?.querySelector('home-assistant-main'), null, { timeout: 60000 });
    await page.waitForTimeout(1500);
    return true;
  },

  // Go to a page of the front end, as a click would.
  async open({ path: target }) {
    errors = [];
    await page.evaluate(to => {
      window.openedAt = performance.now();
      history.pushState(null, '', to);
      window.dispatchEvent(new CustomEvent('location-changed'));
    }, target);
    return true;
  },

  // Watch the live views of these entities until each gave the number of samples, or the time is up.
  async videos({ entities, samples, seconds, interval = 350 }) {
    return await page.evaluate(async ([entities, samples, seconds, interval]) => {
      const canvas = document.createElement('canvas');
      canvas.width = 640; canvas.height = 360;
      const pen = canvas.getContext('2d', { willReadFrequently: true });
      const seen = {}; const end = performance.now() + seconds * 1000;
      while (performance.now() < end) {
        for (const video of deepAll('video')) {
          const entity = entityOf(video);
          if (!entities.includes(entity) || video.readyState < 2 || !video.videoWidth) continue;
          const now = Math.round(performance.now() - window.openedAt);
          const record = seen[entity] ||= { first_ms: now, samples: [] };
          record.player = video.getRootNode().host?.localName;
          record.size = [video.videoWidth, video.videoHeight];
          // A muted card leaves the sound's track out of the video element; it is on the connection all the same.
          const receivers = video.getRootNode().host?._peerConnection?.getReceivers?.() || [];
          record.sound = video.webkitAudioDecodedByteCount > 0 || receivers.some(r => r.track.kind === 'audio' && !r.track.muted);
          if (video.shown === undefined) {  // count the frames that were really put on the page
            video.shown = 0;
            const count = () => { video.shown += 1; video.requestVideoFrameCallback(count); };
            video.requestVideoFrameCallback(count);
          }
          const last = record.samples.at(-1);
          if (record.samples.length >= samples || (last && now - last.ms < interval)) continue;
          if (video.shown === (record.shown ?? 0)) continue;  // nothing new since the last sample
          record.shown = video.shown;
          pen.drawImage(video, 0, 0, canvas.width, canvas.height);
          record.samples.push({ ms: now, png: canvas.toDataURL('image/png').split(',')[1] });
        }
        if (entities.every(entity => seen[entity]?.samples.length >= samples)) break;
        await new Promise(done => setTimeout(done, 20));
      }
      return { videos: seen, alerts: deepAll('ha-alert').map(alert => alert.textContent.trim().slice(0, 200)) };
    }, [entities, samples, seconds, interval]);
  },

  // The shown picture of an image entity's card: its address and real size, once it is loaded.
  async picture({ entity, seconds, not = null }) {
    return await page.evaluate(async ([entity, seconds, not]) => {
      const end = performance.now() + seconds * 1000;
      while (performance.now() < end) {
        for (const image of deepAll('img')) {
          const src = image.currentSrc || image.src;
          if (!src.includes('/' + entity) || !image.complete || !image.naturalWidth || src === not) continue;
          return { src, size: [image.naturalWidth, image.naturalHeight] };
        }
        await new Promise(done => setTimeout(done, 50));
      }
      return null;
    }, [entity, seconds, not]);
  },

  async screenshot({ file }) { await page.screenshot({ path: file }); return true; },
  async text() { return await page.evaluate(() => deepAll('*').filter(e => !e.children.length).map(e => e.textContent.trim()).filter(Boolean).join(' ')); },
  async errors() { return errors; },
  async stop() { await context?.close(); return true; },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...details } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: await operations[op](details) };
  } catch (error) {
    answer = { error: String(error.message).slice(0, 500) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
  if (op === 'stop') break;
}
fs.rmSync(profile, { recursive: true, force: true });
process.exit(0);
