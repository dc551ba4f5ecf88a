// `express.static` behind node:https:  node serve-express.mjs FOLDER
// Prints its port.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import express from 'express';

const [folder] = process.argv.slice(2);
const read = (name) => readFileSync(join(folder, name));
const app = express();
app.use(express.static(join(folder, 'www')));
const server = createServer(
  {
    cert: read('server.crt'),
    key: read('server.key'),
    ca: read('ca.crt'),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  },
  app,
);
server.listen(0, '127.0.0.1', () => {
  console.log(server.address().port);
});
