import { Converter, ReflectionKind } from 'typedoc';

/** Folders of doors that are named after what they are for, not after where they are. */
const DOORS = new Map([
  ['adapters/express', 'express'],
  ['adapters/fastify', 'fastify'],
  ['adapters/hono', 'hono'],
  ['stores/s3', 's3'],
]);

/** `ota-server/src/adapters/hono` is what programs import as `@secure-esp/ota-server/hono`. */
function importNameOf(module) {
  const [room, , ...path] = module.split('/');
  const scope = room === 'cli' ? 'secure-esp' : `@secure-esp/${room}`;
  const inner = path.join('/');
  return inner === '' || inner === 'index' ? scope : `${scope}/${DOORS.get(inner) ?? inner}`;
}

/** A TypeDoc plugin: modules have the names by which they are imported. */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
    if (reflection.kindOf(ReflectionKind.Module)) reflection.name = importNameOf(reflection.name);
  });
}
