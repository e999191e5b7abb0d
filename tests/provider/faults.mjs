// SPDX-License-Identifier: MIT
// What shall go wrong, at which route, and how often.  README.md describes the JSON.

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const PATHS = {
  '/.well-known/openid-configuration': 'discovery',
  '/.well-known/oauth-authorization-server': 'oauth_discovery',
  '/device/auth': 'device_authorization',
  '/token/revocation': 'revocation',
  '/token/introspection': 'introspection',
  '/me': 'userinfo',
  '/jwks': 'jwks',
};
const GRANTS = ['refresh_token', 'device_code', 'password'];
const ROUTES = new Set([...Object.values(PATHS), ...GRANTS.map((grant) => `token:${grant}`)]);
const MEMBERS = new Set([
  'times', 'delay_before', 'delay_after', 'hang', 'drop', 'answer', 'handled', 'remove', 'set', 'id_token',
]);

// The name of a route, here and in access.log; of other pages, their path.
export function routeOf(path, grant) {
  if (path === '/token') return `token:${grant === DEVICE_GRANT ? 'device_code' : grant}`;
  return PATHS[path] ?? path;
}

export const faults = new Map(); // route -> the faults of the next requests, in order

// Replaces all faults.  A test that misspells one must not pass because nothing went wrong.
export function setFaults(change) {
  const next = Object.entries(change).map(([route, value]) => [route, [value].flat()]);
  for (const [route, list] of next) {
    if (!ROUTES.has(route)) throw new Error(`no such route: ${route}; there are ${[...ROUTES].join(' ')}`);
    for (const member of list.flatMap(Object.keys)) {
      if (!MEMBERS.has(member)) throw new Error(`no such fault: ${member}; there are ${[...MEMBERS].join(' ')}`);
    }
  }
  faults.clear();
  next.forEach(([route, list]) => faults.set(route, list));
}

// The fault of this request, if any; without times it stays.
export function takeFault(route) {
  const list = faults.get(route) ?? [];
  const [fault] = list;
  if (fault?.times !== undefined) {
    fault.times -= 1;
    if (fault.times <= 0) list.shift();
  }
  return fault;
}
