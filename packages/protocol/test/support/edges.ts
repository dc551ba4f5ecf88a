/** Tokens at the edges of the JSON language, some inside it, some outside. */
export const EDGE_NUMBERS: readonly string[] = [
  `0.${'0'.repeat(1100)}1e1101`,
  `1${'0'.repeat(1100)}e-1100`,
  ...(
    '1.5 -1 1e2 1E+2 100e-2 1.0 -0 0e99999 -0.0e-5 1e999999999999 1e-999999999999 0e999999999999 4294967295 4294967296 ' +
    '4294967295.0000000001 9007199254740991 9007199254740992 9007199254740993 -9007199254740991 -9007199254740992 ' +
    '-9007199254740993 9007199254740991.0 90071992547409910e-1 1.00000000000000000000001 0.1e1 0.001e3 255 256 ' +
    '9999999999999999 99999999999999999 123456789012345678901234567890 1000000000000000000000000e-24 00 01 -01 -00 1. .5 1.e2 ' +
    '21.5 21.50 2.15e1 2150e-2 21.505 0.1 0.10 -0.1 1e-1 1e-7 1e-9 1e-10 0.0000000001 0.30000000000000004 123456789012345.6 ' +
    '999999999999999e-9 1000000000000000e-9 1000000000000.000000001 -99999999999999.9 99999999999999.95 1.e1 1.0. ' +
    '+1 1e 1e+ 1e1.0 - -a 0x10 Infinity NaN 1_0 12e-1 120e-1 1e-0 1E00 10e-01 -128 -129 127 128 65535 65536 32767 32768'
  ).split(' '),
];

export const EDGE_STRINGS: readonly string[] = [
  ...(
    '"\\u0000" "\\ud800" "\\udc00" "\\ud83d\\ude00" "\\uD83D\\uDE00" "\\ud83dx" "\\uD83D\\u0041" "\\ud83d\\ud83d" "\\ud83d\\n" ' +
    '"\\ude00\\ud83d" "\\udbff\\udfff" "\\ud7ff" "\\ue000" "\\uffff" "\\u00e9" "\\u007f" "\\u0080" "\\u07ff" "\\u0800" "\\x41" ' +
    '"\\u12" "\\u12g4" "\\U0041" "\\" "\\\\" "\\/" "\\b\\f\\n\\r\\t" "\\v" "\\\'" "" "x" "xx" "xxxxxxxxxxxxxxxxxxxxxxxx" "' +
    'a" \'x\' "eco" "\\u0065co" "ECO"'
  ).split(' '),
  ...['\u0000', '\u0001', '\t', '\n', '\u001f', ' ', '\u007f', '\u0080', '\u2028', '\ufeff', '😀'].map(
    (char) => `"${char}"`,
  ),
];

export const EDGE_VALUES: readonly string[] =
  'null true false nul tru fals nulll True {} [] [1] [[]] {"a":1} {"a":{}} [[[[[[]]]]]] {"a":{"b":{"c":{"d":{}}}}} "x":1 [1,] [,1] {"a":1,} {,} {"a"} {"a":} {a:1} [1}'.split(
    ' ',
  );

export const EDGE_URLS: readonly string[] = [
  ...(
    'https://a HTTPS://A hTtPs://a http://a https:/a https:a https://a/ https://a? https://a?b=/? https://a/?b#c https://a# ' +
    'https://u@h https://u:p@h/ https://h/u@v https://h:0 https://h:1 https://h:65535 https://h:65536 https://h:99999 ' +
    'https://h:00001 https://h:000001 https://h:100000 https://h: https://h:/ https://h:a https://h:80: https://h:80/ https://h:80?x ' +
    'https://[::1] https://[::1]:1/ https://[:] https://[::] https://[] https://[::1 https://::1] https://[::g] https://[::1]x ' +
    'https://1.2.3.4 https://a-b https://-. https://a_b https://a/_ https://a/\\ https://a\\ https:\\\\a https://a/^ https://a/` ' +
    'https://a/{ https://a/| https://a/} https://a/~ https://a/" https://a/< https://a/> https://a/% https://a/%zz https://a/[] ' +
    "https://a/é https://é https://a/!$&'()*+,;=:@"
  ).split(' '),
  'https://',
  'https://a b',
  'https://a/b c',
  'https://a/\n',
  'https://a\n',
  'https://a/\u007f',
  'https://a/\u0000',
  ...[252, 253, 254].map((length) => `https://${'h'.repeat(length)}`),
  ...[44, 45, 46].map((length) => `https://[${':'.repeat(length)}]/`),
];

/** Bytes at the edges of UTF-8 (RFC 3629, table of section 4). */
export const EDGE_BYTES: readonly (readonly number[])[] = [
  [0x7f],
  [0x80],
  [0xbf],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xc2, 0x7f],
  [0xc2, 0x80],
  [0xc2, 0xc0],
  [0xc2],
  [0xdf, 0xbf],
  [0xe0, 0x9f, 0xbf],
  [0xe0, 0xa0, 0x80],
  [0xe0, 0xa0],
  [0xe1, 0x80, 0xc0],
  [0xed, 0x9f, 0xbf],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xee, 0x80, 0x80],
  [0xef, 0xbb, 0xbf],
  [0xef, 0xbf, 0xbf],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf0, 0x90, 0x80, 0x80],
  [0xf0, 0x90, 0x80],
  [0xf1, 0x80, 0x80, 0x80],
  [0xf3, 0xbf, 0xbf, 0xc0],
  [0xf4, 0x8f, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xff],
];
