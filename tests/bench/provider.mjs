// SPDX-License-Identifier: MIT
// An OpenID provider that is just good enough for the sessions of a benchmark, and cheap: loopback TLS, tokens of 43
// random characters (or TOKEN_SIZE), users with any name whose password is CANARY-pw-NAME.  The provider of
// tests/provider is a real one; this one answers several hundred requests a second.  fastprovider.py starts it:
//
//   provider.mjs STATE    which has the keys of tests/provider/make-keys.sh and receives "issuer"
//
// GET /_test/log?from=N answers with its log, /_test/lifetime?seconds=N changes the lifetime of tokens to come.
// ACCESS_TTL=300, ROTATE=always|never, ID_TOKEN=always|login (is there one in the answer to a renewal).
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as https from 'node:https';

const { env } = process;
const [state] = process.argv.slice(2);
const file = (name) => fs.readFileSync(`${state}/${name}`);
const settings = {
  lifetime: Number(env.ACCESS_TTL || 300),
  rotate: (env.ROTATE || 'always') === 'always',
  idTokenAlways: (env.ID_TOKEN || 'always') === 'always',
  size: Math.max(43, Number(env.TOKEN_SIZE || 53) - 10),
};

// ---- tokens ----------------------------------------------------------------------------------------
const signer = crypto.createPrivateKey(file('sign-ec.key'));
const kid = 'test-jwt-key-ES256'; // as tests/provider has it
const encoded = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
const header = encoded({ alg: 'ES256', typ: 'JWT', kid });
const jwks = { keys: [{ ...crypto.createPublicKey(signer).export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid }] };
const grants = new Map(); // refresh token -> { user, client }

function random(prefix) {
  return prefix + crypto.randomBytes(settings.size).toString('base64url').slice(0, settings.size);
}

function idToken({ user, client }) {
  const now = Math.floor(Date.now() / 1000);
  const body = `${header}.${encoded({
    iss: issuer, sub: user, aud: client, iat: now, exp: now + settings.lifetime, preferred_username: user,
  })}`;
  const signature = crypto.sign('sha256', body, { key: signer, dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}

// A new access token, and a refresh token unless there is one that stays.
function issue(grant, scope, refreshToken, withIdToken) {
  const answer = {
    access_token: random('CANARY-AT-'), token_type: 'Bearer', expires_in: settings.lifetime, scope,
    refresh_token: refreshToken ?? random('CANARY-RT-'),
  };
  grants.set(answer.refresh_token, grant);
  if (withIdToken) answer.id_token = idToken(grant);
  return answer;
}

const SCOPE = 'openid profile offline_access';
const invalid = (error) => [400, { error }];
const tokenBy = {
  password({ username: user, password, client_id: client, scope = SCOPE }) {
    if (password !== `CANARY-pw-${user}`) return invalid('invalid_grant');
    return [200, issue({ user, client, scope }, scope, undefined, true)];
  },
  refresh_token({ refresh_token: old, client_id: client }) {
    const grant = grants.get(old);
    if (grant?.client !== client) return invalid('invalid_grant');
    if (settings.rotate) grants.delete(old);
    return [200, issue(grant, grant.scope, settings.rotate ? undefined : old, settings.idTokenAlways)];
  },
};

function token(form, line) {
  line.route = `token:${form.grant_type}`;
  line.user = form.username ?? grants.get(form.refresh_token)?.user;
  return tokenBy[form.grant_type]?.(form) ?? invalid('unsupported_grant_type');
}

function revocation(form, line) {
  line.user = grants.get(form.token)?.user;
  grants.delete(form.token);
  return [200, ''];
}

// ---- access.log: in memory, one line "when it came, ms it took, route, user, status" for each request --------------
const log = [];

const text = (first) => log.slice(first)
  .map(({ at, took, route, user, status }) => `${at.toFixed(3)} ${took.toFixed(3)} ${route} ${user ?? '-'} ${status}\n`)
  .join('');

// ---- requests ----------------------------------------------------------------------------------------
const discovery = () => ({
  issuer,
  jwks_uri: `${issuer}/jwks`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/token/revocation`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
  grant_types_supported: ['password', 'refresh_token'],
});

const routes = {
  'GET /.well-known/openid-configuration': () => [200, discovery()],
  'GET /jwks': () => [200, jwks],
  'POST /token': token,
  'POST /token/revocation': revocation,
  'GET /_test/log': (form, line, query) => [200, text(Number(query.get('from') ?? 0))],
  'GET /_test/lifetime': (form, line, query) => {
    settings.lifetime = Number(query.get('seconds'));
    return [200, ''];
  },
};

const now = () => performance.timeOrigin / 1000 + performance.now() / 1000;

function answer(request, response, body) {
  const at = request.came;
  const { pathname, searchParams } = new URL(request.url, issuer);
  const name = `${request.method} ${pathname}`;
  const line = { at, route: pathname.slice(1), user: undefined };
  const form = Object.fromEntries(new URLSearchParams(body));
  const [status, found] = routes[name]?.(form, line, searchParams) ?? [404, ''];
  const json = typeof found !== 'string';
  const data = json ? JSON.stringify(found) : found;
  response.writeHead(status, {
    'content-length': Buffer.byteLength(data),
    'cache-control': 'no-store',
    ...(json && { 'content-type': 'application/json' }),
  }).end(data);
  if (!pathname.startsWith('/_test/')) log.push({ ...line, took: (now() - at) * 1000, status });
}

const certificate = { key: file('server-good.key'), cert: file('server-good.crt') };
const server = https.createServer(certificate, (request, response) => {
  let body = '';
  request.came = now();
  request.setEncoding('latin1');
  request.on('data', (chunk) => { body += chunk; }).on('end', () => answer(request, response, body));
});
server.keepAliveTimeout = 75000;
// Many at once: a connection that finds no place would be tried again a second later.
await new Promise((resolve, reject) => {
  server.once('error', reject).listen({ port: Number(env.OP_PORT || 0), host: '127.0.0.1', backlog: 4096 }, resolve);
});
const issuer = `https://localhost:${server.address().port}`;
fs.writeFileSync(`${state}/issuer.new`, issuer);
fs.renameSync(`${state}/issuer.new`, `${state}/issuer`);
