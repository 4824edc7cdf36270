// Drives eufy-security-client (npm) as a witness against a station on loopback and prints one JSON line.
// usage: node node_client.mjs PACKAGE_DIR '<json>'
// json: serial, did, name, host, search_port, station_type, station_firmware, owner_id, private_key (base64 PKCS#8 of the
//       cipher's RSA key), camera: {serial, channel, type}, guard_mode, seconds (of live video)
// What each stub stands for is written down in docs/interop.md.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';

const [packageDir, text] = process.argv.slice(2);
const want = JSON.parse(text);
const require = createRequire(path.join(packageDir, 'package.json'));
const { Station, Camera, P2PConnectionType } = require('eufy-security-client');

const member = { admin_user_id: want.owner_id, member_type: 2, nick_name: 'witness' };
const api = {
  isConnected: () => false,
  getCipher: async () => ({ private_key: want.private_key }),
  on: () => {},
};
const rawStation = {
  station_id: 1, station_sn: want.serial, station_name: want.name, station_model: want.serial.slice(0, 5),
  device_type: want.station_type, p2p_did: want.did, ip_addr: want.host, app_conn: '', member,
  main_sw_version: want.station_firmware, sec_sw_version: '', main_hw_version: '', params: [], devices: [],
};
const rawDevice = {
  device_id: 2, device_sn: want.camera.serial, device_name: 'camera', device_model: want.camera.serial.slice(0, 5),
  device_type: want.camera.type, device_channel: want.camera.channel, station_sn: want.serial, member, params: [],
  main_sw_version: want.station_firmware, cover_path: '',
};

const report = { connected: false, parameters: 0, armed: null, mode: null, video: null, errors: [] };
const finish = code => { console.log(JSON.stringify(report)); process.exit(code); };
setTimeout(() => { report.errors.push('time is up'); finish(2); }, 45000).unref();

const config = { simultaneousDetections: true };
const station = await Station.getInstance(api, rawStation, want.host, 0, true);
station.initialize();
station.setConnectionType(P2PConnectionType.ONLY_LOCAL);
const camera = await Camera.getInstance(api, rawDevice, config);
camera.initialize();

// The package always searches UDP 32108; only the port is ours.
const session = station.p2pSession;
session.localLookup = function localLookup(host) {
  this.localLookupByAddress({ host, port: want.search_port });
};

const once = (emitter, event, ms) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error(`no "${event}" within ${ms} ms`)), ms);
  emitter.once(event, (...values) => { clearTimeout(timer); resolve(values); });
});

try {
  const connected = once(session, 'connect', 15000);
  const info = once(session, 'camera info', 25000);
  await station.connect();
  await connected;
  report.connected = true;
  await station.getCameraInfo();
  const [dump] = await info;
  report.parameters = dump.params.length;
  report.parameter_1224 = dump.params.find(p => p.dev_type === 255 && p.param_type === 1224)?.param_value;

  if (want.guard_mode !== undefined) {
    const mode = once(session, 'alarm mode', 15000).catch(error => { report.errors.push(String(error)); return [null]; });
    const result = once(session, 'command', 20000);
    await station.setGuardMode(want.guard_mode);
    report.armed = (await result)[0].return_code;
    report.mode = (await mode)[0];
  }

  const started = once(session, 'livestream started', 20000);
  station.startLivestream(camera, want.codec ?? 0);
  const [, metadata, video, audio] = await started;
  const chunks = [];
  let audioBytes = 0;
  video.on('data', chunk => chunks.push(chunk));
  audio.on('data', chunk => { audioBytes += chunk.length; });
  await new Promise(resolve => setTimeout(resolve, (want.seconds ?? 4) * 1000));
  const stopped = once(session, 'livestream stopped', 10000).catch(() => null);
  station.stopLivestream(camera);
  await stopped;
  const bytes = Buffer.concat(chunks);
  report.video = {
    frames: chunks.length, bytes: bytes.length, audio_bytes: audioBytes,
    width: metadata.videoWidth, height: metadata.videoHeight, codec: metadata.videoCodec,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    chunks: chunks.map(chunk => createHash('sha256').update(chunk).digest('hex')),
  };
} catch (error) {
  report.errors.push(String(error?.message ?? error));
}
station.close?.();
finish(report.video ? 0 : 1);
