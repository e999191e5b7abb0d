// SPDX-License-Identifier: MIT
// CLOCK_OFFSET: the provider's clock is off by so many seconds, for whoever asks for the time after this was imported.
const Real = Date;
const off = Number(process.env.CLOCK_OFFSET || 0) * 1000;

export const realNow = () => Real.now();
const now = () => Real.now() + off;

if (off !== 0) {
  globalThis.Date = class extends Real {
    constructor(...args) { super(...(args.length > 0 ? args : [now()])); }

    static now() { return now(); }
  };
}

// What is stored has the real time, so that a token lives as long as it should when the offset is another one later.
const TIMES = ['iat', 'exp', 'iiat', 'authTime', 'loginTs', 'consumed', 'rotatedAt'];

function shifted(payload, ms) {
  const changed = TIMES.filter((name) => typeof payload[name] === 'number');
  return { ...payload, ...Object.fromEntries(changed.map((name) => [name, payload[name] + ms / 1000])) };
}

export const toStore = (entries) => entries.map(([key, payload]) => [key, shifted(payload, -off)]);
export const fromStore = (entries) => entries.map(([key, payload]) => [key, shifted(payload, off)]);
