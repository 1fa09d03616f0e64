import { type FieldError, Problem, type ProblemSlug } from '../problem.ts';
import type { CellCode } from './reading/cell-error.ts';
import type { DecisionCode, Export, Foreign, IgnoredCode } from './reading/format.ts';
import type { FileCode } from './reading/malformed.ts';
import { sourceName } from './reading/source-names.ts';

/** Languages that reasons are told in. English is what each is thrown with; the others are made from its code. */
export const REASON_LANGUAGES = ['en', 'ko'] as const;
export type ReasonLanguage = (typeof REASON_LANGUAGES)[number];

/** Why a file, or a row of one, is not booked: all codes there are. */
export type ReasonCode =
  | CellCode
  | FileCode
  | IgnoredCode
  | Foreign['code']
  | 'order-history'
  | 'unknown-headings'
  | 'missing-column'
  | 'similar-column'
  | 'rival-columns'
  | 'contradicts-file'
  | 'unknown-order'
  | 'too-many-decisions'
  | 'too-many-rows'
  | 'too-many-bytes'
  | 'too-many-assets'
  | 'rows-rejected'
  | 'same-id'
  | 'same-row'
  | 'fee-above-value'
  | 'fee-not-booked'
  | 'in-future';

/** What a text is made of: `{name}` is a parameter, or the heading of the column. */
export interface Reason {
  code?: string | undefined;
  column?: string | undefined;
  params?: Readonly<Record<string, string>> | undefined;
}

/** They begin with a Korean letter or a quotation mark: Latin letters would be taken for a predicate. */
const KOREAN: Record<ReasonCode, string> = {
  'unknown-headings':
    '열 제목이 가져올 수 있는 파일({sources})의 것과 다릅니다. 거래소에서 거래 내역을 다시 내려받아 제목 행을 그대로 두고 보내거나, 열을 직접 지정하세요(`POST /v1/import-mappings`)',
  'missing-column': '“{column}” 열이 없습니다. {format} 파일에 있어야 하는 열입니다',
  'similar-column':
    '“{column}” 열이 없고 “{similar}” 열이 있습니다. 같은 열이면 {format} 파일의 머리글을 고치세요',
  'rival-columns':
    '“{columns}” 열이 함께 있습니다. {format} 파일에는 그 가운데 하나만 있으므로 기록하지 않는 선물 파일일 수 있습니다. 대신 현물 내역을 내려받거나 열을 직접 지정하세요',
  'order-history': '수수료가 없는 {exchange} 주문 내역입니다. 대신 {instead}을(를) 내려받아 가져오세요',
  futures: '기록하지 않는 {exchange} 선물 파일입니다. 대신 {instead}을(를) 내려받아 가져오세요',
  'tax-report': '계정의 수량이 아닌 {exchange} 세금 보고서입니다. 대신 {instead}을(를) 내려받아 가져오세요',
  'empty-file': '파일이 비어 있습니다',
  'no-rows': '머리글만 있고 행이 없습니다',
  'not-csv': '이 줄의 따옴표나 칸이 맞지 않습니다',
  'not-text': '텍스트 파일이 아닙니다',
  'wrong-encoding': '파일의 인코딩에 없는 문자가 있습니다. UTF-8로 저장하세요',
  'old-workbook': '옛 형식의 엑셀 파일(.xls)입니다. .xlsx나 CSV로 저장하세요',
  workbook: '엑셀 파일을 읽을 수 없습니다. 시트를 CSV로 저장하세요',
  'contradicts-file': '“{parameter}” 값이 파일과 다릅니다. 파일에는 {file}(으)로 나옵니다',
  'unknown-order':
    '모든 행의 시각이 같아 어느 거래가 먼저인지 알 수 없습니다. `order=oldest-first`나 `order=newest-first`를 함께 보내세요',
  'too-many-decisions': '확인이 필요한 행이 {limit}개를 넘습니다. 파일이 맞는지 확인하세요',
  'too-many-rows': '한 번에 {limit}행까지 가져올 수 있습니다. 파일을 나누세요',
  'too-many-bytes': '한 번에 {limit} MiB까지 가져올 수 있습니다. 파일을 나누세요',
  'too-many-assets':
    '자산이 {limit}개를 넘어 한 포트폴리오에 담을 수 없습니다(ASSETS_PER_PORTFOLIO). 자산별로 파일을 나누어 다른 포트폴리오로 가져오세요',
  'rows-rejected':
    '{rows}행 가운데 {rejected}행을 기록할 수 없어 아무것도 기록하지 않았습니다. 파일을 고치거나 `skipRejected=true`를 함께 보내세요',
  'same-id': '“{column}” 값이 다른 항목과 같지만 내용이 다릅니다',
  'same-row': '{line}행과 같은 행입니다',
  'fee-above-value': '수수료 {fee}이(가) 거래 금액보다 큽니다. 수량과 통화를 확인하세요',
  'fee-not-booked': '이미 기록되어 있지만 수수료 {fee}이(가) 빠져 있습니다. 필요하면 그 기록을 고치세요',
  'in-future': '“{column}” 열의 시각이 미래입니다: {value}',
  'ambiguous-number':
    '“{column}” 열의 숫자를 여러 가지로 읽을 수 있습니다: {readings}. `decimal`로 소수점 기호를 알려 주세요',
  'contradicting-numbers':
    '“{column}” 열의 숫자를 믿을 수 없습니다. 파일의 숫자가 서로 다른 소수점 기호를 씁니다: {readings}. 모두 같은 방식으로 쓰세요',
  'ambiguous-date':
    '“{column}” 열의 날짜를 여러 가지로 읽을 수 있습니다: {readings}. `dateOrder`로 날짜 순서를 알려 주세요',
  'wrong-value': '“{column}” 열의 값을 기록할 수 없습니다: {value}',
  'total-mismatch': '“{column}” 열은 {total}인데 “{quantity}” × “{price}” 값은 {product}입니다',
  'skipped-time': '“{column}” 열의 시각은 {zone}에 없습니다. 시계가 {gap}(으)로 앞당겨집니다',
  'repeated-time': '“{column}” 열의 시각은 {zone}에서 두 번 있습니다. 가능한 시각: {readings}',
  'zone-conflict': '“{column}” 열의 시간대는 {cell}인데 머리글이나 선택한 시간대는 {file}입니다',
  'day-number':
    '“{column}” 열이 스프레드시트의 날짜 일련번호입니다. 가능한 날짜: {readings}. 열을 텍스트로 바꾼 뒤 저장하세요',
  'too-early':
    '“{column}” 열의 시각이 {earliest}보다 이릅니다. 맞는 시각이면 `allowBefore2009=true`를 함께 보내세요',
  empty: '“{column}” 열이 비어 있습니다',
  'not-a-number': '“{column}” 열의 값이 숫자가 아닙니다',
  'unknown-unit': '“{column}” 열의 단위를 알 수 없습니다',
  'not-a-time': '“{column}” 열의 값이 시각이 아닙니다. 예: 2026-03-02 09:00:00',
  'no-time-zone': '“{column}” 열의 시각에 시간대가 없습니다. `tz`로 알려 주세요',
  'unknown-side': '“{column}” 열의 값이 매수도 매도도 아닙니다',
  'unknown-asset': '“{column}” 열의 값이 자산 이름이 아닙니다',
  'not-a-pair': '“{column}” 열의 값이 마켓 이름이 아닙니다. 예: BTC/KRW',
  'too-long': '“{column}” 열의 값이 너무 깁니다',
  'too-many-cells': '열 제목보다 칸이 많은 행입니다',
  'internal-transfer': '{word}: 본인 계정 사이의 이동입니다',
  'not-completed': '{word}: 완료되지 않았습니다',
  'pending-copy': '{word}: 완료된 행이 따로 있습니다',
  'empty-row': '{word}: 수량 변동이 없습니다',
};

const KOREAN_EXPORTS: Record<Export, string> = {
  'trade-history': '거래(체결) 내역',
  'spot-history': '현물 내역',
  'spot-fills': '현물 체결 내역 또는 통합 계정의 거래 기록',
  transactions: '거래 내역(transactions)',
};

const KOREAN_DECISIONS: Record<DecisionCode, string> = {
  'unknown-kind': '무엇인지 파일에 나와 있지 않습니다.',
  'incomplete-trade': '거래의 한쪽이 없습니다.',
  'several-trades': '같은 시각의 여러 거래에 속한 행이라 서로 구분할 수 없습니다.',
  'ambiguous-pair': '마켓 이름을 여러 가지로 나눌 수 있습니다.',
  derivative: '선물 또는 마진 거래이며 기록하지 않습니다.',
  loan: '대출 또는 상환입니다.',
  gift: '대가 없이 주거나 받은 자산입니다.',
  'renamed-asset': '자산의 이름이나 수량 단위가 바뀌었습니다.',
  'unpriced-purchase': '파일에 나오지 않는 돈으로 매수했습니다.',
  'repeated-time': '시계를 늦춘 때라 같은 시각이 두 번 있고, 어느 쪽인지 알 수 없습니다.',
};

/** What a problem with a file means, for those that files have. */
const KOREAN_TITLES: Partial<Record<ProblemSlug, string>> = {
  'malformed-csv': '요청 본문을 CSV로 읽을 수 없습니다.',
  'unprocessable-entry': '원장에 기록할 수 없는 항목입니다.',
  'payload-too-large': '요청 본문이 너무 큽니다.',
  'quota-exceeded': '한도를 모두 사용했습니다.',
};

const isKnown = <K extends string>(texts: Record<K, string>, key: string): key is K =>
  Object.hasOwn(texts, key);

/** `null` for a code without a text. */
function korean({ code = '', column = '', params = {} }: Reason): string | null {
  if (!isKnown(KOREAN, code)) return null;
  // A value that is too long, or none of the file's, is not told.
  if (code === 'wrong-value' && params['value'] === undefined) {
    return `“${column}” 열의 값을 기록할 수 없습니다.`;
  }
  const given: Record<string, string> = { ...params, column };
  const { instead } = given;
  if (instead !== undefined && isKnown(KOREAN_EXPORTS, instead)) given['instead'] = KOREAN_EXPORTS[instead];
  if (given['format'] !== undefined) given['format'] = sourceName(given['format']);
  const text = KOREAN[code].replaceAll(/\{(\w+)\}/g, (whole, name: string) => given[name] ?? whole);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/**
 * Why a row is not booked, as a sentence in that language.
 * @param english the reason as it was thrown
 */
export function reasonIn(language: ReasonLanguage, reason: Reason, english: string): string {
  return language === 'en' ? english : (korean(reason) ?? english);
}

/** Why rows need a decision, as a sentence in that language. */
export function decisionIn(language: ReasonLanguage, code: DecisionCode, english: string): string {
  return language === 'en' ? english : KOREAN_DECISIONS[code];
}

/**
 * The problem with its texts in that language, and with the headers that say so; the same one if a text is missing: a
 * problem is in one language only.
 */
export function problemIn(language: ReasonLanguage, found: Problem): Problem {
  const { slug, errors = [] } = found;
  const title = KOREAN_TITLES[slug];
  if (language === 'en' || title === undefined || errors.length === 0) return found;
  const told: FieldError[] = [];
  for (const error of errors) {
    const detail = korean(error);
    if (detail === null) return found;
    told.push({ ...error, detail });
  }
  const [first] = told;
  const summary = found.summary === undefined ? null : korean(found.summary);
  const place = first?.line === undefined ? '' : `${first.line}행: `;
  return new Problem(slug, {
    title,
    detail: summary ?? `${place}${first?.detail ?? ''}`,
    errors: told,
    headers: { ...found.headers, 'Content-Language': language },
    cause: found.cause,
  });
}
