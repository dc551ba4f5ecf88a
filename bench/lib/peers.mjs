// What is compiled for each peer of the C tables.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const BENCH = join(import.meta.dirname, '..');
const SOURCES = join(BENCH, '.cache/sources');
const GENERATED = join(BENCH, '../firmware/components/secure_esp_core/generated');

/** Version of a fetched source package. */
export const sourceVersion = (name) => readFileSync(join(SOURCES, name, 'VERSION'), 'utf8').trim();

/** Of the sources of the peers those that are not fetched. */
export const missingSources = () =>
  ['cjson', 'nanopb'].filter((name) => !existsSync(join(SOURCES, name, 'VERSION'))).map((name) => `sources of ${name}`);

/**
 * `own` is what the peer needs in an image: its library, what its generator makes, what one writes by hand.
 * `print` is only for the comparison of values. `wire` says what its input is,
 * `checks` that a peer of Protocol Buffers checks the contract's values.
 */
export function peers({ generated = GENERATED, nanopbGenerated }) {
  const sesp = [`-I${generated}`];
  const nanopb = {
    wire: 'protobuf',
    include: [`-I${join(SOURCES, 'nanopb')}`, `-I${nanopbGenerated}`],
    own: [
      ...['pb_common.c', 'pb_decode.c', 'pb_encode.c'].map((name) => join(SOURCES, 'nanopb', name)),
      join(nanopbGenerated, 'messages.pb.c'),
      join(BENCH, 'peers/nanopb/messages.c'),
    ],
    print: [],
  };
  const checks = join(BENCH, 'peers/checks.c');
  const smallest = ['-DPB_BUFFER_ONLY', '-DPB_NO_ERRMSG', '-DPB_WITHOUT_64BIT'];
  return [
    {
      name: 'ours',
      wire: 'json',
      include: sesp,
      own: [join(generated, 'secure_esp_protocol.c'), join(BENCH, 'peers/ours/messages.c')],
      print: [join(BENCH, 'peers/sesp_print.c')],
    },
    {
      name: 'cJSON',
      wire: 'json',
      include: [...sesp, `-I${join(SOURCES, 'cjson')}`],
      own: [
        join(SOURCES, 'cjson/cJSON.c'),
        join(BENCH, 'peers/cjson/read.c'),
        join(BENCH, 'peers/cjson/messages.c'),
        checks,
      ],
      // The names of enums, to print them.
      print: [join(BENCH, 'peers/sesp_print.c'), join(generated, 'secure_esp_protocol.c')],
    },
    { name: 'nanopb', ...nanopb },
    { name: 'nanopb, smallest', ...nanopb, include: [...smallest, ...nanopb.include] },
    {
      name: 'nanopb, with checks',
      ...nanopb,
      checks: true,
      include: ['-DBENCH_CHECKS', '-DPB_VALIDATE_UTF8', ...smallest, ...nanopb.include],
      own: [...nanopb.own, checks],
    },
  ];
}
