// Better Auth servers of several kinds, in memory and on loopback, until standard input ends.
//
//   node server.mjs '{"plain": {}, "neon": {"basePath": "/neondb/auth", …}}'
//
// prints the port of each as JSON. Beside the real API, which is at basePath, each has its own
// switches: POST /test/rotate, /test/end-sessions, /test/down, /test/up.

import { createHash, webcrypto } from "node:crypto";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { bearer, deviceAuthorization, jwt } from "better-auth/plugins";

// Debian 12's Node 18 does not have it under this name, and Better Auth takes it for granted.
globalThis.crypto ??= webcrypto;

// Better Auth's own scrypt takes a tenth of a second each time.
const password = {
  hash: async (text) => createHash("sha256").update(text).digest("hex"),
  verify: async ({ hash, password: text }) => hash === (await password.hash(text)),
};

function plugins(options) {
  const keyPairConfig = options.alg ? { alg: options.alg } : undefined;
  const jwks = { jwksPath: options.jwksPath ?? "/jwks", keyPairConfig, ...options.jwks };
  const found = [];
  if (options.jwt ?? true) found.push(jwt({ jwks, jwt: options.claims ?? {} }));
  if (options.bearer ?? true) found.push(bearer());
  if (options.device ?? true) {
    found.push(
      deviceAuthorization({
        interval: "0.02s",
        expiresIn: "30m",
        validateClient: (id) => id === "todo-cli",
        ...options.device,
      }),
    );
  }
  return found;
}

function made(options, port, db) {
  return betterAuth({
    baseURL: (options.baseURL ?? "http://127.0.0.1:PORT").replace("PORT", port),
    basePath: options.basePath ?? "/api/auth",
    secret: "a secret of the tests, which protects nothing",
    database: memoryAdapter(db),
    emailAndPassword: { enabled: options.passwords ?? true, password },
    trustedOrigins: options.trustedOrigins ?? [],
    session: options.session ?? {},
    advanced: options.cookiePrefix
      ? { cookiePrefix: options.cookiePrefix, useSecureCookies: true }
      : {},
    plugins: plugins(options),
    telemetry: { enabled: false },
    logger: { disabled: true },
  });
}

function switches(db) {
  let isDown = false;
  const known = {
    "/test/rotate": () => (db.jwks.length = 0),
    "/test/end-sessions": () => (db.session.length = 0),
    "/test/down": () => (isDown = true),
    "/test/up": () => (isDown = false),
  };
  return (request, response) => {
    if (known[request.url]) {
      known[request.url]();
      response.end("{}");
      return true;
    }
    if (isDown) request.socket.destroy();
    return isDown;
  };
}

function serve(options) {
  const tables = ["user", "session", "account", "verification", "jwks", "deviceCode", "rateLimit"];
  const db = Object.fromEntries(tables.map((table) => [table, []]));
  const switched = switches(db);
  let handle;
  const server = createServer((request, response) => {
    if (!switched(request, response)) handle(request, response);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      handle = toNodeHandler(made(options, port, db));
      resolve(port);
    });
  });
}

const kinds = Object.entries(JSON.parse(process.argv[2]));
const ports = await Promise.all(kinds.map(async ([name, options]) => [name, await serve(options)]));
console.log(JSON.stringify(Object.fromEntries(ports)));
process.stdin.on("end", () => process.exit(0)).resume();
