// SPDX-License-Identifier: MIT
// What known providers do otherwise: PROFILE=google.  By their documentation, none was asked; docs/providers has a page
// for each, with the sources.
//
// A profile has, all optional:
//   settings              of README.md, where the environment has none
//   claims(login, use)    of a user, for the "id_token" or for "userinfo"
//   scopes                those that are granted, besides what was asked for
//   lacks                 endpoints that are not there
//   hides                 members of the metadata that are left out
//   refuse(route, form, alive)  {status, body} instead of the provider's answer, or nothing; alive: of the token in it
//   answer(route, ctx, form)    changes ctx.status, ctx.body

const refuseOfflineAccess = (route, form) => (
  route === 'device_authorization' && form.scope?.split(' ').includes('offline_access')
    ? { status: 400, body: { error: 'invalid_scope', error_description: 'no such scope: offline_access' } }
    : undefined);

// Some have their own HTTP status for "not yet".
const pendingIs = (status) => (route, ctx) => {
  if (ctx.body?.error === 'authorization_pending') ctx.status = status;
};

const mailbox = (login) => `${login}@example.com`;
const numbers = { alice: 1000001, bob: 1000002, carol: 1000003 };
const DAY = 24 * 3600;

const all = {
  keycloak: {
    // A new refresh token each time, but the old ones are good until "Revoke Refresh Token" is on.
    settings: { OP_PATH: '/realms/staff', ROTATE_GRACE: 30 * DAY },
    scopes: ['groups'],
    answer(route, ctx) {
      if (ctx.body?.refresh_token) Object.assign(ctx.body, { refresh_expires_in: 0, 'not-before-policy': 0, session_state: 'a' });
    },
  },
  auth0: {
    settings: { OP_SLASH: 1, ROTATE_GRACE: 30 },
    claims: (login) => ({
      sub: `auth0|${login}`, nickname: login, email: mailbox(login), email_verified: true, updated_at: '2026-01-01T00:00:00.000Z',
    }),
    refuse: (route, form) => (route === 'revocation' && form.token_type_hint === 'access_token'
      ? { status: 400, body: { error: 'unsupported_token_type' } } : undefined),
    answer(route, ctx) {
      if (ctx.body?.error === 'slow_down') ctx.status = 429;
      pendingIs(403)(route, ctx);
    },
  },
  okta: {
    settings: { OP_PATH: '/oauth2/default', ROTATE_GRACE: 30 },
    scopes: ['groups'],
    // The ID token that comes with an access token is "thin".
    claims: (login, use) => ({
      sub: `00u${login}`,
      preferred_username: mailbox(login),
      ...(use === 'userinfo' && { groups: ['Everyone', 'login-hosts'] }),
    }),
  },
  'entra-id': {
    settings: { OP_PATH: '/11111111-2222-3333-4444-555555555555/v2.0', ROTATE_GRACE: 90 * DAY },
    scopes: ['groups'],
    claims: (login) => ({
      sub: `AAAA-pairwise-${login}`,
      oid: `00000000-0000-0000-0000-${numbers[login]}`,
      preferred_username: mailbox(login),
      groups: ['66666666-7777-8888-9999-000000000000'],
    }),
    lacks: ['revocation', 'introspection'],
    answer(route, ctx) {
      const { body } = ctx;
      if (route === 'device_authorization') {
        delete body.verification_uri_complete;
        body.message = 'To sign in, use a web browser';
      }
      if (body?.error === 'access_denied') body.error = 'authorization_declined';
      if (body?.error) Object.assign(body, { error_codes: [70016], error_description: `AADSTS70016: ${'x'.repeat(400)}\r\nTrace ID: 0` });
      if (body?.access_token) Object.assign(body, { scope: 'api://login/.default', ext_expires_in: body.expires_in });
    },
  },
  google: {
    settings: { ROTATE: 'never', REFRESH_TOKENS: 'always' },
    claims: (login) => ({
      sub: `10769150350006150${numbers[login]}`, email: mailbox(login), email_verified: true, hd: 'example.com',
    }),
    lacks: ['introspection'],
    refuse(route, form, alive) {
      if (route === 'revocation' && !alive) {
        return { status: 400, body: { error: 'invalid_token', error_description: 'Token expired or revoked' } };
      }
      return refuseOfflineAccess(route, form);
    },
    answer(route, ctx) {
      if (ctx.body?.verification_uri) {
        ctx.body.verification_url = ctx.body.verification_uri;
        delete ctx.body.verification_uri;
        delete ctx.body.verification_uri_complete;
      }
      if (ctx.body?.error === 'slow_down') ctx.status = 403;
      if (route === 'token:refresh_token') delete ctx.body?.refresh_token;
      pendingIs(428)(route, ctx);
    },
  },
  gitlab: {
    settings: { REFRESH_TOKENS: 'always' },
    scopes: ['groups'],
    claims: (login, use) => ({
      sub: String(numbers[login]),
      preferred_username: login,
      ...(use === 'userinfo' && { groups: ['staff', 'staff/admins'] }),
    }),
    hides: ['device_authorization_endpoint'],
    refuse: refuseOfflineAccess,
  },
  github: {
    settings: { REFRESH_TOKENS: 'always' },
    scopes: ['openid'], // ours does not tell who it is without
    lacks: ['revocation', 'introspection'],
    answer(route, ctx) {
      const { body } = ctx;
      if (route === 'device_authorization') delete body.verification_uri_complete;
      if (route === 'userinfo' && body?.sub) {
        ctx.body = { login: body.sub, id: numbers[body.sub], type: 'User', email: null, plan: { name: 'free' } };
      }
      if (!route.startsWith('token:')) return;
      ctx.status = 200;
      if (body.error === 'invalid_grant') body.error = 'bad_refresh_token';
      if (body.access_token) {
        delete body.id_token;
        Object.assign(body, { token_type: 'bearer', scope: '', refresh_token_expires_in: 184 * DAY });
      }
      if (!ctx.get('accept').includes('json')) {
        ctx.type = 'application/x-www-form-urlencoded';
        ctx.body = new URLSearchParams(body).toString();
      }
    },
  },
  dex: {
    settings: { OP_PATH: '/dex', ROTATE_GRACE: 3 },
    lacks: ['revocation', 'introspection'],
    answer(route, ctx) {
      if (ctx.body?.access_token) ctx.body.token_type = 'bearer';
      pendingIs(401)(route, ctx);
    },
  },
  authelia: {
    // The ID token has only what proves the login.
    settings: { CLAIMS_IN_ID_TOKEN: 0 },
  },
  authentik: {
    settings: { OP_PATH: '/application/o/login-hosts', OP_SLASH: 1 },
    scopes: ['groups'], // they are in "profile"
  },
  'indigo-iam': {
    settings: { OP_SLASH: 1, ROTATE: 'never' },
    scopes: ['groups'],
    claims: (login, use) => ({
      sub: `c6fbc19c-0b57-4c9b-9a5b-${numbers[login]}`,
      'wlcg.ver': '1.0',
      'wlcg.groups': ['/example', '/example/pilots'],
      ...(use === 'userinfo' && { preferred_username: login }),
    }),
  },
};

const name = process.env.PROFILE;
if (name && !Object.hasOwn(all, name)) throw new Error(`no such profile: ${name}; there are ${Object.keys(all).join(' ')}`);
export const profile = { settings: {}, scopes: [], lacks: [], hides: [], refuse() {}, answer() {}, ...all[name] };

Object.entries(profile.settings).forEach(([setting, value]) => { process.env[setting] ||= String(value); });
