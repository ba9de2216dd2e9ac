import type { Random } from '../random.js';

const STEMS =
  'account agent answer archive balance batch browser budget cache channel claim client cluster column commit ' +
  'contract cost customer dataset deadline deploy design document domain draft email engine error event export ' +
  'field filter flight forecast format gateway graph group handler header history hotel image import index input ' +
  'invoice item journal kernel label latency ledger letter limit market matrix meeting memory message metric model ' +
  'module network number object offer order output owner packet page parser partner payment pipeline plan player ' +
  'policy portal price printer process product profile project prompt query queue quota rating reader receipt ' +
  'record region report request result retry review river route sample schema score search season segment sensor ' +
  'server session signal socket source station stream string student summary support survey switch system table ' +
  'target teacher thread ticket token topic trace track traffic travel trigger tunnel update upload vector vendor ' +
  'version video volume wallet warehouse weather window worker writer';
const ENDINGS = ['', 's', 'ing', 'ed', 'er', 'less', 'able', 'wise', '-side', '_id'];
const COMMON =
  'the of and to a in is that for it as was with be by on not this are or from at which but have an they you were ' +
  'can has more one their if will would what there all when who may into than other some could its then should';

const PLAIN_WORDS = [
  ...COMMON.split(' '),
  ...ENDINGS.flatMap((ending) => STEMS.split(' ').map((stem) => stem + ending)),
];
const OTHER_SCRIPTS: readonly (readonly string[])[] = [
  'über größe für schön straße früh mögen wäre natürlich erklärung prüfung lösung änderung'.split(
    ' ',
  ),
  'запрос ответ модель данные ошибка сервер время ключ таблица пример задача вопрос'.split(' '),
  '東京 質問 回答 データ 時間 検索 結果 予約 天気 問題 翻訳 会議'.split(' '),
  'سؤال جواب بيانات وقت خادم نموذج رسالة طلب نتيجة'.split(' '),
  ['😀', '🚀', '👩‍🔬', '🇫🇷', '✅', 'naïve', 'café', 'e\u0301t\u0065\u0301', '½', '“quoted”', '—'],
];
/** Texts that break careless escaping: line separators, control characters, quotes, text that looks like JSON. */
const EDGE_TEXTS = [
  'line\u2028separator\u2029paragraph',
  'unit\u001cseparator\u0007bell',
  'a "quoted" \\ back\\slash \t tab \r\n line',
  '{"looks":"like JSON","_xact_id":"1"}',
  'plane 16: \u{10fffd} and \u{1f9d1}\u{200d}\u{1f680}',
  '\ufeffbyte order mark',
];
const NON_ASCII_SHARE = 0.09;
const EDGE_SHARE = 0.004;

/** One of the items; low places come up more often, as words in real text do. */
function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(items.length * random() ** 2)] as T;
}

/** Prose of about so many UTF-8 bytes. About 9 % of texts are not in ASCII. */
export function prose(bytes: number, random: Random): string {
  if (random() < EDGE_SHARE) return pick(EDGE_TEXTS, random);
  const foreign = random() < NON_ASCII_SHARE ? pick(OTHER_SCRIPTS, random) : null;
  const words: string[] = [];
  let left = bytes;
  let untilStop = 4 + Math.floor(random() * 14);
  while (left > 0) {
    const useForeign = foreign !== null && random() < 0.5;
    let word = pick(useForeign ? foreign : PLAIN_WORDS, random);
    untilStop -= 1;
    if (untilStop === 0) {
      word += random() < 0.15 ? '.\n\n' : '.';
      untilStop = 4 + Math.floor(random() * 14);
    }
    words.push(word);
    left -= (useForeign ? Buffer.byteLength(word) : word.length) + 1;
  }
  return words.join(' ');
}

/** A few long instructions that many traces share word for word. */
export function systemPrompts(count: number, random: Random): readonly string[] {
  return Array.from({ length: count }, () => prose(500 + random() * 900, random));
}
