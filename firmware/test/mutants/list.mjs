// Faults put into the generator, and the tool that must notice each in the C that comes out.
//   file      below packages/protocol/src/codegen
//   find      text that stands there exactly once
//   replace   what stands there instead
//   caughtBy  'unit', 'fuzz' (with a target), 'differential', 'proof' (with a function as target) or 'compile'
export const MUTANTS = [
  {
    name: 'four hexadecimal digits are read where fewer are left',
    file: 'runtime/json-text.ts',
    find: '    if (json->len - at < 4u) return HEX4_NONE;\n',
    replace: '',
    caughtBy: 'fuzz',
    target: 'codec-replies',
  },
  {
    name: 'a UTF-8 sequence is read beyond the text',
    file: 'runtime/formats.ts',
    find: 'if (len - at < size || text',
    replace: 'if (len == at || text',
    caughtBy: 'fuzz',
    target: 'codec-log',
  },
  {
    name: 'JSON nests deeper than the payload may',
    file: 'runtime/json-scan.ts',
    find: 'if (depth == json->depth) return 0u;',
    replace: 'if (depth > json->depth) return 0u;',
    caughtBy: 'differential',
  },
  {
    name: 'a string has no room for its terminator',
    file: 'emit-protocol-header.ts',
    find: '`[${String(item.maxBytes)} + 1]`',
    replace: '`[${String(item.maxBytes)}]`',
    caughtBy: 'fuzz',
    target: 'codec-update-url',
  },
  {
    name: 'a text takes the byte of its terminator too',
    file: 'runtime/encode.ts',
    find: '(out_cap > 0u ? out_cap - 1u : 0u)',
    replace: 'out_cap',
    caughtBy: 'unit',
  },
  {
    name: 'a port may be 65536',
    file: 'runtime/formats.ts',
    find: 'port > 65535u',
    replace: 'port > 65536u',
    caughtBy: 'unit',
  },
  {
    name: 'the name behind the last of an enum is written',
    file: 'runtime/encode.ts',
    find: 'if (start < size) write_text',
    replace: 'if (start <= size) write_text',
    caughtBy: 'unit',
  },
  {
    name: 'a client in a topic may be shorter than 16 bytes',
    file: 'emit-topic-functions.ts',
    find: 'parameter_length(topic, len, at, SESP_CLIENT_ID_MIN_BYTES, SESP_CLIENT_ID_MAX_BYTES)',
    replace: 'parameter_length(topic, len, at, SESP_CLIENT_ID_MIN_BYTES - 1u, SESP_CLIENT_ID_MAX_BYTES)',
    caughtBy: 'differential',
  },
  {
    name: 'a number with one decimal too many is an integer',
    file: 'runtime/json-numbers.ts',
    find: 'if (scale < 0) return',
    replace: 'if (scale < -1) return',
    caughtBy: 'differential',
  },
  {
    name: 'a byte becomes a char without a cast',
    file: 'runtime/text.ts',
    find: 'out[i] = (char)data[i];',
    replace: 'out[i] = data[i];',
    caughtBy: 'compile',
  },
  {
    name: 'a string longer than its member is stored',
    file: 'runtime/json-values.ts',
    find: 'if (max - len < count) {',
    replace: 'if (max < count) {',
    caughtBy: 'proof',
    target: 'json_string',
  },
  {
    name: 'an array takes one item more than it has room for',
    file: 'emit-readers.ts',
    find: '`if (count == ${String(array.maxItems)}u)`',
    replace: '`if (count > ${String(array.maxItems)}u)`',
    caughtBy: 'proof',
    target: 'read_manifest_from_items',
  },
  {
    name: 'an exponent may overflow',
    file: 'runtime/json-numbers.ts',
    find: 'if (exponent < 1000000) exponent',
    replace: 'if (exponent < 1000000000) exponent',
    caughtBy: 'proof',
    target: 'json_exponent',
  },
  {
    name: 'white space is looked at for ever',
    file: 'runtime/json-text.ts',
    find: `        at++;
    }
    return at;
}`,
    replace: `        at += 0u;
    }
    return at;
}`,
    caughtBy: 'proof',
    target: 'json_space',
  },
];
