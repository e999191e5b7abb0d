// SPDX-License-Identifier: MIT
// A loopback OpenID provider for tests.  Started by start.sh with one argument: the state directory, which holds the
// keys and certificates and receives issuer, access.log and, when it ends, store.json.
import { fromStore, realNow, toStore } from './clock.mjs'; // before whoever looks at the clock
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CompactSign, decodeJwt, decodeProtectedHeader } from 'jose';
import { Provider, errors } from 'oidc-provider';
import { routeOf, faults, setFaults, takeFault } from './faults.mjs';
import { profile } from './profiles.mjs'; // its settings are in the environment then

const { env } = process;
const [stateDir] = process.argv.slice(2);
const inState = (name) => path.join(stateDir, name);
const number = (name, otherwise) => Number(env[name] || otherwise);

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const ALGS = { RS256: 'rsa', PS256: 'rsa', ES256: 'ec', EdDSA: 'ed' };

// ---- users ---------------------------------------------------------------------------------------
const users = {
  alice: { name: 'Alice Example', groups: ['staff', 'ssh'] },
  bob: { name: 'Bob Example', groups: ['staff'] },
  carol: { name: 'Carol Example', groups: [] },
};
const passwordOf = (login) => `CANARY-pw-${login}`;

function findAccount(ctx, login) {
  if (!Object.hasOwn(users, login)) return undefined;
  return {
    accountId: login,
    claims: (use) => profile.claims?.(login, use) ?? ({
      sub: login, preferred_username: login, email: `${login}@example.test`, email_verified: true, ...users[login],
    }),
  };
}

// ---- clients -------------------------------------------------------------------------------------
const client = (id, auth, alg, secret) => ({
  client_id: id,
  client_name: `Test client ${id}`,
  client_secret: secret,
  token_endpoint_auth_method: auth,
  id_token_signed_response_alg: alg,
  grant_types: ['refresh_token', DEVICE_GRANT, 'password'],
  response_types: [],
  redirect_uris: [],
});
const clients = [
  client('pam-public', 'none', 'RS256'),
  client('pam-basic', 'client_secret_basic', 'ES256', 'CANARY-secret-basic'),
  client('pam-odd', 'client_secret_basic', 'EdDSA', 'CANARY-secret o d+d%:&=/"~'),
  client('pam-post', 'client_secret_post', 'PS256', 'CANARY-secret-post'),
];

// ---- what is stored: in memory, and kept over a restart ------------------------------------------------
const readStore = () => (fs.existsSync(inState('store.json')) ? JSON.parse(fs.readFileSync(inState('store.json'))) : []);
const store = new Map(fromStore(readStore()));
const grace = number('ROTATE_GRACE', 0);
const epoch = () => Math.floor(Date.now() / 1000);

// Whether a code or token was used up.  A rotated refresh token is only when the grace is over.
function consumedAt({ consumed, rotatedAt }) {
  if (rotatedAt === undefined) return consumed;
  return Date.now() - Math.round(rotatedAt * 1000) >= grace * 1000 ? Math.floor(rotatedAt) : undefined;
}

class Adapter {
  constructor(model) { this.model = model; }

  key(id) { return `${this.model}:${id}`; }

  all() { return [...store].filter(([key]) => key.startsWith(this.key(''))); }

  first(member, value) { return this.all().find(([, payload]) => payload[member] === value)?.[1]; }

  async upsert(id, payload) { store.set(this.key(id), payload); }

  async find(id) {
    const payload = store.get(this.key(id));
    return payload && { ...payload, consumed: consumedAt(payload) };
  }

  async findByUid(uid) { return this.first('uid', uid); }

  async findByUserCode(userCode) { return this.first('userCode', userCode); }

  async consume(id) {
    const payload = store.get(this.key(id));
    if (this.model === 'RefreshToken') payload.rotatedAt ??= Date.now() / 1000; // the grace begins once
    else payload.consumed = epoch();
  }

  async destroy(id) { store.delete(this.key(id)); }

  async revokeByGrantId(grantId) {
    this.all().filter(([, payload]) => payload.grantId === grantId).forEach(([key]) => store.delete(key));
  }
}

// ---- configuration -------------------------------------------------------------------------------
// start.sh makes the keys with openssl: in node 20, exporting a key as JWK after generateKeyPairSync may hang for ever
// (garbage collection of the generating job waits for the lock that the export holds).
const signingKey = (alg) => crypto.createPrivateKey(fs.readFileSync(inState(`sign-${ALGS[alg]}.key`)));
const refreshPolicy = {
  offline: (ctx, c, source) => source.scopes.has('offline_access'),
  always: () => true,
  never: () => false,
};
const rotation = {
  always: { rotateRefreshToken: true },
  never: { rotateRefreshToken: false },
  policy: {}, // the library's own
};

const configuration = {
  adapter: Adapter,
  clients,
  findAccount,
  // The key ids make every JWT findable: see README.md.
  jwks: {
    keys: Object.keys(ALGS).map((alg) => ({
      ...signingKey(alg).export({ format: 'jwk' }), use: 'sig', alg, kid: `test-jwt-key-${alg}`,
    })),
  },
  scopes: ['openid', 'offline_access', 'profile', 'email', 'groups', 'api:read', 'api:write'],
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username', 'nickname', 'updated_at', 'oid'],
    email: ['email', 'email_verified', 'hd'],
    groups: ['groups', 'wlcg.groups', 'wlcg.ver'],
  },
  conformIdTokenClaims: env.CLAIMS_IN_ID_TOKEN === '0',
  cookies: { keys: [crypto.randomBytes(16).toString('hex')] },
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
  enabledJWA: { idTokenSigningAlgValues: Object.keys(ALGS) },
  issueRefreshToken: refreshPolicy[env.REFRESH_TOKENS || 'offline'],
  ...rotation[env.ROTATE || 'always'],
  ttl: {
    AccessToken: number('ACCESS_TTL', 300),
    DeviceCode: number('DEVICE_TTL', 300),
    Grant: number('GRANT_TTL', 14 * 24 * 3600),
    IdToken: number('ID_TTL', 300),
    Interaction: 600,
    RefreshToken: number('REFRESH_TTL', 3600),
    Session: 3600,
  },
  features: {
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, c, oneOf) => oneOf,
      getResourceServerInfo(ctx, resource) {
        const format = /^https:\/\/api\.example\.test\/(opaque|jwt)$/.exec(resource)?.[1];
        if (!format) throw new errors.InvalidTarget();
        return { scope: 'api:read api:write', accessTokenFormat: format, jwt: { sign: { alg: 'RS256' } } };
      },
    },
  },
};

// ---- the provider ----------------------------------------------------------------------------------
const plain = env.OP_CERT === 'none';
const listener = { maxHeaderSize: 256 * 1024 }; // an Authorization header takes the largest token
const server = plain ? http.createServer(listener) : https.createServer({
  ...listener,
  key: fs.readFileSync(inState(`server-${env.OP_CERT || 'good'}.key`)),
  cert: fs.readFileSync(inState(`server-${env.OP_CERT || 'good'}.crt`)),
});
// Node's 5 s are the pause between two polls: whether the connection is still there would be chance.
server.keepAliveTimeout = 75000; // nginx's
await new Promise((resolve, reject) => {
  server.once('error', reject).listen(number('OP_PORT', 0), '127.0.0.1', resolve);
});
const mount = env.OP_PATH ?? '';
const origin = `http${plain ? '' : 's'}://localhost:${server.address().port}`;
const issuer = `${origin}${mount}${env.OP_SLASH === '1' ? '/' : ''}`;
const provider = new Provider(issuer, configuration);
provider.on('server_error', (ctx, error) => console.error(error));

// Random to the last character: a token that was truncated, or put together from two, is none.
const canary = (prefix, size = 0) => function generateTokenId() {
  this.format = this.resourceServer?.accessTokenFormat ?? 'opaque'; // what the replaced method of AccessToken does
  const length = Math.max(43, size - prefix.length);
  return prefix + crypto.randomBytes(length).toString('base64url').slice(0, length);
};
provider.AccessToken.prototype.generateTokenId = canary('CANARY-AT-', number('TOKEN_SIZE', 0));
provider.RefreshToken.prototype.generateTokenId = canary('CANARY-RT-', number('TOKEN_SIZE', 0));
provider.DeviceCode.prototype.generateTokenId = canary('CANARY-DC-');

// ---- the password grant (RFC 6749 § 4.3), which oidc-provider leaves out -------------------------------------
provider.registerGrantType('password', async (ctx) => {
  const { client: to, params: { username, password, scope = '', resource } } = ctx.oidc;
  if (!username || !password) throw new errors.InvalidRequest('username and password are required');
  const account = findAccount(ctx, username);
  if (!account || password !== passwordOf(username)) throw new errors.InvalidGrant('invalid username or password');
  ctx.oidc.entity('Account', account);

  const info = resource && configuration.features.resourceIndicators.getResourceServerInfo(ctx, resource);
  const resourceServer = resource && new provider.ResourceServer(resource, info);
  const scopes = scope.split(' ').filter((s) => configuration.scopes.includes(s));
  const oidcScope = scopes.filter((s) => !s.startsWith('api:')).join(' ');
  const apiScope = scopes.filter((s) => s.startsWith('api:')).join(' ');
  const grant = new provider.Grant({ accountId: username, clientId: to.clientId });
  grant.addOIDCScope(oidcScope);
  if (resource) grant.addResourceScope(resource, apiScope);
  const of = { accountId: username, client: to, grantId: await grant.save(), gty: 'password' };
  ctx.oidc.entity('Grant', grant);

  const at = new provider.AccessToken({ ...of, scope: resource ? apiScope : oidcScope, resourceServer });
  ctx.oidc.entity('AccessToken', at);
  const body = { access_token: await at.save(), token_type: at.tokenType, expires_in: at.expiration, scope: at.scope };

  const rt = new provider.RefreshToken({ ...of, scope: scopes.join(' '), resource, rotations: 0 });
  if (await configuration.issueRefreshToken(ctx, to, rt)) body.refresh_token = await rt.save();

  if (scopes.includes('openid')) {
    const idToken = new provider.IdToken(account.claims(), { ctx });
    idToken.scope = configuration.conformIdTokenClaims ? 'openid' : oidcScope;
    idToken.set('at_hash', body.access_token);
    body.id_token = await idToken.issue({ use: 'idtoken' });
  }
  ctx.body = body;
}, ['username', 'password', 'scope', 'resource']);

// ---- the polling interval of RFC 8628, which oidc-provider leaves out -------------------------------------
const interval = number('DEVICE_INTERVAL', 0);
const polls = new Map(); // device_code -> { at, interval }

function watchPolling(ctx, code) {
  const poll = polls.get(code) ?? { at: 0, interval };
  const early = Date.now() - poll.at < poll.interval * 1000 - 100;
  polls.set(code, { at: Date.now(), interval: poll.interval + (early ? 5 : 0) });
  if (early && ctx.body?.error === 'authorization_pending') {
    ctx.body = { error: 'slow_down', error_description: `polling faster than every ${poll.interval} s` };
  }
}

// ---- faults ------------------------------------------------------------------------------------------
const hanging = new Set(); // what lets each request go on that hangs

// Until control releases it, or the client has gone.
async function hang({ req: { socket } }) {
  let release;
  const over = new Promise((resolve) => { release = resolve; });
  hanging.add(release);
  socket.once('close', release);
  if (!socket.destroyed) await over;
  socket.off('close', release);
  hanging.delete(release);
}

function dropConnection(ctx) {
  ctx.respond = false;
  ctx.req.socket.destroy();
}

function replaceAnswer(ctx, { status = 200, type, headers = {}, body = '' }) {
  const json = typeof body !== 'string';
  const contentType = type ?? (json ? 'application/json' : undefined);
  ctx.respond = false;
  ctx.res.writeHead(status, { ...headers, ...(contentType && { 'content-type': contentType }) })
    .end(json ? JSON.stringify(body) : body);
}

function edit(object, { remove = [], set = {} }) {
  remove.forEach((member) => delete object[member]);
  Object.assign(object, set);
}

async function editIdToken(jwt, change) {
  const header = decodeProtectedHeader(jwt);
  const claims = decodeJwt(jwt);
  edit(claims, change);
  const payload = Buffer.from(JSON.stringify(claims));
  const signed = await new CompactSign(payload).setProtectedHeader(header).sign(signingKey(header.alg));
  return change.bad_signature ? signed.replace(/[^.]+$/, (s) => s.split('').reverse().join('')) : signed;
}

// handle(ctx, fault, next): the provider's answer, or what the fault makes of it.
async function handle(ctx, fault, next) {
  const late = fault.handled || fault.drop === 'after';
  if (fault.delay_before) await sleep(fault.delay_before);
  if (fault.hang === 'before') await hang(ctx);
  if (fault.drop === 'before' || (fault.hang === 'before' && ctx.req.socket.destroyed)) return dropConnection(ctx);
  if (fault.answer && !late) return replaceAnswer(ctx, fault.answer);
  await next();
  if (fault.delay_after) await sleep(fault.delay_after);
  if (fault.hang === 'after') await hang(ctx);
  if (fault.drop === 'after') return dropConnection(ctx);
  if (fault.answer) return replaceAnswer(ctx, fault.answer);
  if (ctx.body && typeof ctx.body === 'object') {
    if (fault.id_token && ctx.body.id_token) ctx.body.id_token = await editIdToken(ctx.body.id_token, fault.id_token);
    edit(ctx.body, fault);
  }
  return undefined;
}

// ---- the profile -------------------------------------------------------------------------------------
const isAlive = (token) => ['AccessToken', 'RefreshToken'].some((model) => store.has(`${model}:${token}`));

function refusal(route, form) {
  if (profile.lacks.includes(route)) return { status: 404 };
  return profile.refuse(route, form, isAlive(form.token));
}

// As the profile would have it: what is granted, and what is answered.
async function serve(ctx, route, form, next) {
  const refused = refusal(route, form);
  if (refused) {
    ctx.status = refused.status;
    ctx.body = refused.body ?? '';
    return;
  }
  if (route === 'device_authorization' && profile.scopes.length) {
    ctx.req.body = new URLSearchParams({ ...form, scope: [form.scope, ...profile.scopes].join(' ') }).toString();
  }
  await next();
  if (route === 'discovery') {
    [...profile.lacks.map((lacking) => `${lacking}_endpoint`), ...profile.hides].forEach((member) => delete ctx.body[member]);
  }
  profile.answer(route, ctx, form);
}

// ---- every request: form, fault, access.log ----------------------------------------------------------------
const OPENID = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server'; // RFC 8414; oidc-provider knows the former only
const accessLog = fs.openSync(inState('access.log'), 'a', 0o600);
const inFlight = {};
const connections = new WeakMap(); // socket → its number
let connected = 0;
const digest = (token) => token && crypto.createHash('sha256').update(token).digest('hex').slice(0, 12);

async function read(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

provider.use(async (ctx, next) => {
  const at = realNow();
  const { socket } = ctx.req;
  if (!connections.has(socket)) connections.set(socket, connected += 1);
  const body = ctx.method === 'POST' ? await read(ctx.req) : '';
  if (body) ctx.req.body = body; // oidc-provider takes it from here when the request was read already
  const form = Object.fromEntries(new URLSearchParams(body));
  const route = routeOf(ctx.path, form.grant_type);
  const fault = takeFault(route);
  const bearer = /^Bearer (.*)/.exec(ctx.get('authorization'))?.[1];
  let issued;
  if (ctx.path === OAUTH) {
    ctx.path = OPENID;
    ctx.req.originalUrl = `${mount}${OPENID}`;
  }

  inFlight[route] = (inFlight[route] ?? 0) + 1;
  try {
    await handle(ctx, fault ?? {}, async () => {
      await serve(ctx, route, form, next);
      if (interval && route === 'device_authorization' && ctx.status === 200) ctx.body.interval = interval;
      if (interval && route === 'token:device_code') watchPolling(ctx, form.device_code);
      if (env.REFRESH_EXPIRES_IN === '1' && ctx.body?.refresh_token) {
        ctx.body.refresh_expires_in = store.get(`RefreshToken:${ctx.body.refresh_token}`).exp - epoch();
      }
      if (ctx.body?.access_token) {
        issued = Object.fromEntries(['access_token', 'refresh_token', 'id_token']
          .map((name) => [name, digest(ctx.body[name])]));
      }
    });
  } finally {
    inFlight[route] -= 1;
  }
  const replaced = ctx.respond === false;
  fs.writeSync(accessLog, `${JSON.stringify({
    at,
    ms: realNow() - at,
    connection: connections.get(socket),
    route,
    client: ctx.oidc?.client?.clientId ?? form.client_id,
    grant: form.grant_type,
    user: ctx.oidc?.entities?.Account?.accountId,
    status: replaced ? (ctx.res.headersSent ? ctx.res.statusCode : undefined) : ctx.status,
    error: replaced ? fault.answer?.body?.error : ctx.body?.error,
    fault: fault && true,
    aborted: (socket.destroyed && !fault?.drop) || undefined,
    scope: form.scope,
    resource: form.resource,
    audience: form.audience,
    hint: form.token_type_hint,
    presented: digest(form.refresh_token ?? form.token ?? bearer),
    issued,
  })}\n`);
});

// ---- the control endpoint ----------------------------------------------------------------------------------
const control = {
  faults(change) {
    if (change) setFaults(change);
    return Object.fromEntries(faults);
  },
  'in-flight': () => Object.fromEntries(Object.entries(inFlight).filter(([, count]) => count > 0)),
  // Lets the requests go on that hang; how many those were.
  release() {
    const released = hanging.size;
    hanging.forEach((release) => release());
    return { released };
  },
  // The digests of the access and refresh tokens that are taken now.
  alive: () => [...store]
    .filter(([key, payload]) => /^(Access|Refresh)Token:/.test(key) && !consumedAt(payload) && payload.exp > epoch()
      && store.get(`Grant:${payload.grantId}`)?.exp > epoch())
    .map(([key]) => digest(key.slice(key.indexOf(':') + 1))),
  revoke({ user, kinds = ['Grant', 'AccessToken', 'RefreshToken'] } = {}) {
    if (!user) throw new Error('whose tokens? {"user":…}');
    const found = [...store].filter(([key, payload]) => payload.accountId === user && kinds.includes(key.split(':')[0]));
    found.forEach(([key]) => store.delete(key));
    return { revoked: found.length };
  },
};

async function answerControl(name, req, res) {
  try {
    const text = await read(req);
    if (!Object.hasOwn(control, name)) throw new Error(`nothing here: ${name}`);
    res.end(`${JSON.stringify(control[name](text ? JSON.parse(text) : undefined))}\n`);
  } catch (error) {
    res.writeHead(400).end(`${error.message}\n`);
  }
}

// A browser goes by its own clock, so its cookies must not end by ours: without a date they stay until it ends.
function undateCookies(res) {
  const { writeHead } = res;
  res.writeHead = function writeHeadWithoutDates(...args) {
    const cookies = this.getHeader('set-cookie');
    if (cookies) this.setHeader('set-cookie', [cookies].flat().map((one) => one.replace(/; expires=(?!Thu, 01 Jan 1970)[^;]*/i, '')));
    return writeHead.apply(this, args);
  };
}

// ---- ready -------------------------------------------------------------------------------------------
const callback = provider.callback();
server.on('request', (req, res) => {
  if (req.url.startsWith('/_test/')) {
    answerControl(req.url.slice('/_test/'.length), req, res);
    return;
  }
  // RFC 8414 § 3.1 puts the path of the issuer behind its well-known part.
  if (req.url === `${OAUTH}${mount}`) req.url = `${mount}${OAUTH}`;
  if (!req.url.startsWith(`${mount}/`)) {
    res.writeHead(404).end();
    return;
  }
  undateCookies(res);
  res.setHeader('date', new Date().toUTCString()); // node's own takes the clock as it was before we were here
  req.originalUrl = req.url; // the provider finds its mount path by comparing the two
  req.url = req.url.slice(mount.length);
  callback(req, res);
});
fs.writeFileSync(inState('port'), `${server.address().port}\n`);
fs.writeFileSync(inState('issuer'), `${issuer}\n`);
process.on('SIGTERM', () => {
  fs.writeFileSync(inState('store.json'), JSON.stringify(toStore([...store])), { mode: 0o600 });
  process.exit(0);
});
