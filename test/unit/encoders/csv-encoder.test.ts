import { describe, expect, it } from 'vitest';

import { csvEncoder, type CsvEncoderOptions } from '../../../src/entries/csv.js';
import { rowSchema } from '../../../src/encoders/parquet/row-schemas.js';
import { encodeTexts } from '../../support/parquet/encode.js';
import { parseCsv } from '../../support/csv/parse-csv.js';
import { textBatch } from '../../support/rows.js';

/** The file that plain options make of rows. */
async function csvOf(options: CsvEncoderOptions, ...texts: readonly string[]): Promise<string> {
  const bytes = await encodeTexts(csvEncoder({ compression: 'none', ...options }), texts);
  return Buffer.from(bytes).toString();
}

describe('csvEncoder', () => {
  it.each([
    [undefined, 'gzip', '.csv.gz', 'application/gzip'],
    ['none', 'none', '.csv', 'text/csv'],
    ['zstd', 'zstd', '.csv.zst', 'application/zstd'],
  ] as const)('with compression %s is %s, %s, %s', (...[compression, ...expected]) => {
    const encoder = csvEncoder({ compression });
    expect([encoder.compression, encoder.extension, encoder.contentType]).toEqual(expected);
  });

  it('writes what RFC 4180 says, byte for byte', async () => {
    const rows = [
      '{"id":"a","n":12345678901234567890.10,"input":{"x": 1,"y":"é"},"e":"","z":null}',
      '{"id":"b,c","n":-5,"input":"say \\"hi\\"\\r\\nbye"}',
      '{"id":"","z":true,"new":[1,"2"],"n":1E+05}',
    ];
    expect(await csvOf({ columns: ['id', 'n', 'input', 'e', 'z'] }, ...rows)).toBe(
      [
        'id,n,input,e,z,_extra',
        'a,12345678901234567890.10,"{""x"": 1,""y"":""é""}","",,',
        '"b,c",-5,"say ""hi""\r\nbye",,,',
        '"",1E+05,,,true,"{""new"":[1,""2""]}"',
        '',
      ].join('\r\n'),
    );
  });

  it('writes every value as JSON if asked', async () => {
    const row = '{"a":"x","b":"","c":null,"d":7,"e":"7","f":"\\ud800"}';
    const columns = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    expect(await csvOf({ columns, values: 'json', drift: 'omit' }, row)).toBe(
      `${columns.join(',')}\r\n"""x""","""""",null,7,"""7""","""\\ud800""",\r\n`,
    );
  });

  it('begins with a byte order mark, and takes other delimiters, if asked', async () => {
    const options = { columns: ['a', 'b'], drift: 'omit', bom: true, delimiter: ';' } as const;
    expect(await csvOf(options, '{"a":"x;y","b":"1,5"}')).toBe('\ufeffa;b\r\n"x;y";1,5\r\n');
    const tabs = await csvOf({ ...options, delimiter: '\t', bom: false }, '{"a":"x\\ty"}');
    expect(tabs).toBe('a\tb\r\n"x\ty"\t\r\n');
    const bars = await csvOf({ ...options, delimiter: '|', bom: false }, '{"a":"x|y","b":"^-"}');
    expect(bars).toBe('a|b\r\n"x|y"|^-\r\n');
  });

  it('writes the header of an object without rows, and once for many writes', async () => {
    expect(await csvOf({ columns: ['a'] })).toBe('a,_extra\r\n');
    expect(await csvOf({ columns: 'first-rows' })).toBe('_extra\r\n');
    const object = await csvEncoder({ compression: 'none', columns: ['a'] }).open();
    const chunks = [...(await object.write(textBatch())), ...(await object.write(textBatch()))];
    for (const text of ['{"a":1}', '{"a":2}'])
      chunks.push(...(await object.write(textBatch(text))));
    chunks.push(...(await object.finish()));
    expect(Buffer.concat(chunks).toString()).toBe('a,_extra\r\n1,\r\n2,\r\n');
  });

  it('writes no empty line, which would be no row', async () => {
    expect(await csvOf({ columns: ['a'], drift: 'omit' }, '{"a":null}', '{}', '{"a":1}')).toBe(
      'a\r\n""\r\n""\r\n1\r\n',
    );
  });
});

describe('columns of csvEncoder', () => {
  it.each(['spans', 'experiment', 'dataset'] as const)(
    'of %s are those of Parquet',
    async (name) => {
      const { columns } = rowSchema(name, { scores: 'json', metrics: 'json' });
      const [header] = parseCsv(await csvOf({ columns: name }));
      expect(header).toEqual(columns.map((column) => column.name));
    },
  );

  it('are found by paths, and named', async () => {
    const columns = ['m.model', { path: ['m', 'a.b'], name: 'x' }, { path: 'm["a.b"].c' }] as const;
    const row = '{"m":{"model":"g","a.b":{"c":[1, 2]},"model":"h"}}';
    expect(parseCsv(await csvOf({ columns, drift: 'omit' }, row))).toEqual([
      ['m_model', 'x', 'm_a.b_c'],
      ['h', '{"c":[1, 2]}', '[1, 2]'],
    ]);
  });

  it('forget what an earlier one of duplicate members had inside', async () => {
    const rows = ['{"m":{"k":1},"m":{"j":2}}', '{"m":{"k":1},"m":3}', '{"m":{"k":{"a":1},"k":4}}'];
    expect(parseCsv(await csvOf({ columns: ['m.k', 'm.k.a'], drift: 'omit' }, ...rows))).toEqual([
      ['m_k', 'm_k_a'],
      [null, null],
      [null, null],
      ['4', null],
    ]);
  });

  it('are taken from the rows of the first write, cases and odd names apart', async () => {
    const rows = ['{"b":1,"a":2}', '{"a":3,"c":4,"B":5,"":6,"_extra":7,"\\ud800":8,"\\u0061":9}'];
    expect(parseCsv(await csvOf({ columns: 'first-rows' }, ...rows))).toEqual([
      ['b', 'a', 'c', '_extra'],
      ['1', '2', null, null],
      [null, '9', '4', '{"a":3,"B":5,"":6,"_extra":7,"\\ud800":8}'],
    ]);
  });

  it('of the first rows are not taken from a batch that was refused', async () => {
    const object = await csvEncoder({ compression: 'none', columns: 'first-rows' }).open();
    const bad = Object.create(textBatch('{"x":1}'), {
      text: { value: () => ({ bytes: Buffer.from('{"x":'), bounds: Uint32Array.of(0, 5) }) },
    }) as ReturnType<typeof textBatch>;
    await expect(async () => object.write(bad)).rejects.toMatchObject({ code: 'ROW_UNENCODABLE' });
    const chunks = [...(await object.write(textBatch('{"y":1}'))), ...(await object.finish())];
    expect(Buffer.concat(chunks).toString()).toBe('y,_extra\r\n1,\r\n');
  });

  it('of the first rows have a limit, and the rest is not lost', async () => {
    const row = `{${Array.from({ length: 600 }, (_, n) => `"k${n}":${n}`).join(',')}}`;
    const [header = [], line = []] = parseCsv(await csvOf({ columns: 'first-rows' }, row));
    expect(header).toHaveLength(501);
    expect(Object.keys(JSON.parse(line.at(-1) ?? '') as object)).toHaveLength(100);
  });
});

describe('drift of csvEncoder', () => {
  const columns = ['a', 'b.c'];

  it('keeps text without UTF-8 in _extra, with its escapes', async () => {
    const row = '{"a":"\\ud800","b":{"c":"\\udc00"}}';
    expect(parseCsv(await csvOf({ columns }, row))[1]).toEqual([null, null, row]);
  });

  it.each([
    ['freeze', '{"a":1,"z":2}', { rowIndex: 1, member: 'z' }],
    ['freeze', '{"a":1,"\\u007a":2}', { rowIndex: 1, member: 'z' }],
    ['freeze', '{"a":1,"a":2}', { rowIndex: 1, member: 'a' }],
    ['freeze', '{"a":"\\ud800"}', { rowIndex: 1, column: 'a' }],
    ['omit', '{"b":{"c":"\\ud800"}}', { rowIndex: 1, column: 'b_c' }],
  ] as const)('%s refuses %s by name, and leaves no trace', async (drift, bad, details) => {
    const object = await csvEncoder({ compression: 'none', columns, drift }).open();
    await expect(async () => object.write(textBatch('{"a":1}', bad))).rejects.toMatchObject({
      code: 'ROW_UNENCODABLE',
      details,
    });
    const chunks = [...(await object.write(textBatch('{"a":5}'))), ...(await object.finish())];
    const [header, ...lines] = parseCsv(Buffer.concat(chunks));
    expect([header?.length, lines.length, lines[0]?.[0]]).toEqual([
      drift === 'omit' ? 2 : 3,
      1,
      '5',
    ]);
  });

  it('omit leaves out what no column holds, and has no _extra', async () => {
    expect(await csvOf({ columns, drift: 'omit' }, '{"a":1,"z":2}')).toBe('a,b_c\r\n1,\r\n');
  });
});

describe('formulaGuard', () => {
  const guarded = { columns: ['a', 'b'], drift: 'omit', formulaGuard: true } as const;

  it.each([
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '\0=1',
    '＝1',
    '＋1',
    '－1',
    '＠1',
  ])('puts an apostrophe before %j', async (text) => {
    const row = JSON.stringify({ a: text, b: `x${text}` });
    expect(parseCsv(await csvOf(guarded, row))[1]).toEqual([`'${text}`, `x${text}`]);
    const plain = await csvOf({ ...guarded, formulaGuard: false }, row);
    expect(parseCsv(plain)[1]).toEqual([text, `x${text}`]);
  });

  it('leaves numbers, JSON and other text alone', async () => {
    const rows = ['{"a":-5,"b":{"=":1}}', '{"a":"","b":"\'=1"}'];
    expect(parseCsv(await csvOf(guarded, ...rows)).slice(1)).toEqual([
      ['-5', '{"=":1}'],
      ['', "'=1"],
    ]);
  });

  it('looks at the names of columns, too', async () => {
    const file = await csvOf({ columns: 'first-rows', formulaGuard: true }, '{"=a":1}');
    expect(parseCsv(file)[0]).toEqual(["'=a", '_extra']);
  });
});

describe('the fingerprint of csvEncoder', () => {
  const base = csvEncoder({ columns: ['a', 'b'] }).identity;

  it.each<CsvEncoderOptions>([
    { columns: ['a'] },
    { columns: ['a', { path: 'b', name: 'c' }] },
    { columns: 'first-rows' },
    { drift: 'omit' },
    { values: 'json' },
    { delimiter: ';' },
    { bom: true },
    { formulaGuard: true },
    { compression: 'none' },
  ])('changes with %j', (options) => {
    expect(csvEncoder({ columns: ['a', 'b'], ...options }).identity).not.toEqual(base);
  });

  it.each<CsvEncoderOptions>([{ level: 1 }, { drift: 'freeze' }])('stays with %j', (options) => {
    expect(csvEncoder({ columns: ['a', 'b'], ...options }).identity).toEqual(base);
  });

  it('does not hold the columns of a kind of rows, to which later versions add', () => {
    expect(csvEncoder().identity).toMatchObject({ columns: 'spans' });
  });
});

describe('bad options of csvEncoder', () => {
  it.each<[unknown, RegExp]>([
    [{ columns: 'nothing' }, /`columns` must be one of 'spans', .*'first-rows', or an array/],
    [{ columns: 5 }, /`columns` must be one of/],
    [{ columns: [5] }, /`columns\[0\]` must be a path or \{ path, name \}, not a number/],
    [{ columns: ['a..b'] }, /`columns\[0\]` has no path such as .* but "a\.\.b"/],
    [{ columns: [{ path: [] }] }, /`columns\[0\]` has no path/],
    [{ columns: [{ path: 'a', name: '' }] }, /must have a name/],
    [{ columns: [{ path: 'a', title: 'b' }] }, /has `title`, but only `path`, `name`/],
    [{ columns: ['a', { path: 'b', name: 'A' }] }, /gives two columns the name "A"/],
    [{ columns: ['_extra'] }, /two columns the name "_extra"/],
    [{ columns: ['a', { path: ['a'], name: 'b' }] }, /"b" of the same path as "a"/],
    [{ drift: 'omit' }, /`drift` may be 'omit' with columns of your own only/],
    [{ drift: 'omit', columns: [] }, /`columns` must have one column at least/],
    [{ drift: 'drop' }, /`drift` must be one of/],
    [{ delimiter: '"' }, /`delimiter` must be one of/],
    [{ values: 'csv' }, /`values` must be one of/],
    [{ formulaGuard: 1 }, /`formulaGuard` must be true or false/],
    [{ compression: 'none', level: 1 }, /`level` has no meaning/],
    [{ header: true }, /`header` is not an option/],
    [null, /must be an object/],
  ])('%j are refused', (options, message) => {
    expect(() => csvEncoder(options as object)).toThrow(message);
  });
});

describe('a long write of csvEncoder', () => {
  const row = `{"a":"${'some text '.repeat(1000)}"}`;
  const batch = textBatch(...Array.from({ length: 800 }, () => row));

  it('lets other work run', async () => {
    const object = await csvEncoder({ compression: 'none', columns: ['a'] }).open();
    let turns = 0;
    const count = (): void => {
      turns += 1;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await object.write(batch);
    clearImmediate(timer);
    expect(turns).toBeGreaterThanOrEqual(10);
  });

  it('ends when an abort overtakes it', async () => {
    const object = await csvEncoder({ compression: 'none', columns: ['a'] }).open();
    const write = object.write(batch);
    object.abort();
    await expect(write).rejects.toThrow(/aborted/);
    expect(object.rowCount).toBe(0);
  });
});
