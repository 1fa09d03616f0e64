import assert from 'node:assert/strict';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';

const OWN = 'time,symbol,side,quantity,price,externalId';
const FUTURES = 'Contracts,Closing Direction,Qty,Entry Price,Exit Price,Closed P&L\nx,y,1,1,1,1\n';
const WRONG = `${OWN}\n2026-03-02T09:00:00Z,BTC/KRW,buy,one,90000000,a\n`;
const TWICE = `${OWN}\n${'2026-03-02T09:00:00Z,BTC/KRW,buy,1,90000000,a\n'.repeat(2)}`;
const BAD_NUMBER = '“quantity” 열의 값이 숫자가 아닙니다.';

eachApp('the language of what is told about a file', (app) => {
  const books = bookkeeper(app);
  let path: string;
  beforeEach(async () => {
    path = await books.portfolio();
  });

  const told = async (language: string | null, body: string, query = '') => {
    const response = await fetch(`${app().url}${path}/trades/import${query}`, {
      method: 'POST',
      headers: {
        authorization: books.user().authorization,
        'content-type': 'text/csv',
        ...(language === null ? {} : { 'accept-language': language }),
      },
      body,
    });
    const headers = {
      language: response.headers.get('content-language'),
      vary: response.headers.get('vary') ?? '',
    };
    // oxlint-disable-next-line typescript/no-explicit-any -- bodies of any shape
    const answer: any = await response.json();
    return { status: response.status, ...headers, body: answer };
  };

  it('is Korean for who prefers it, in every text of a refusal', async () => {
    const { status, language, vary, body } = await told('ko-KR,ko;q=0.9,en;q=0.5', FUTURES);
    assert.deepEqual([status, language], [400, 'ko']);
    assert.match(vary, /Accept-Language/);
    assert.equal(body.title, '요청 본문을 CSV로 읽을 수 없습니다.');
    const instead = '현물 체결 내역 또는 통합 계정의 거래 기록';
    const why = `기록하지 않는 bybit 선물 파일입니다. 대신 ${instead}을(를) 내려받아 가져오세요.`;
    assert.equal(body.detail, `1행: ${why}`);
    assert.deepEqual(body.errors, [
      { line: 1, code: 'futures', params: { exchange: 'bybit', instead: 'spot-fills' }, detail: why },
    ]);
  });

  it('is told of every refusal in English too, whoever refuses', async () => {
    for (const [body, query, status] of [
      [FUTURES, '', 400],
      [WRONG, '', 422],
      [WRONG, '?tz=nowhere', 400],
      [WRONG, '?mapping=none', 400],
    ] as const) {
      const answer = await told('en', body, query);
      assert.deepEqual([answer.status, answer.language], [status, 'en'], query);
    }
    const missing = await fetch(`${app().url}/v1/none`);
    assert.deepEqual([missing.status, missing.headers.get('content-language')], [404, 'en']);
  });

  it('is Korean for rows that hold the file back, and for how many they are', async () => {
    const { status, body } = await told('ko', WRONG);
    assert.equal(status, 422);
    assert.equal(body.title, '원장에 기록할 수 없는 항목입니다.');
    assert.match(body.detail, /^1행 가운데 1행을 기록할 수 없어/);
    assert.equal(body.errors[0].detail, BAD_NUMBER);
  });

  it('is Korean in a report', async () => {
    const { status, language, vary, body } = await told('ko', WRONG, '?dryRun=true');
    assert.deepEqual([status, language], [200, 'ko']);
    assert.match(vary, /Accept-Language/);
    assert.equal(body.items[0].detail, BAD_NUMBER);
    const twice = await told('ko', TWICE, '?dryRun=true');
    assert.equal(twice.body.items[1].detail, '2행과 같은 행입니다.');
  });

  for (const language of [null, 'en', 'fr-FR', 'en;q=0.9,ko;q=0.1']) {
    it(`is English for Accept-Language ${language ?? '(none)'}, with the same codes`, async () => {
      const refusal = await told(language, FUTURES);
      assert.match(refusal.body.detail, /^Line 1 is of bybit:/);
      assert.notEqual(refusal.language, 'ko');
      assert.match(refusal.vary, /Accept-Language/);
      assert.equal(refusal.body.errors[0].code, 'futures');
      const report = await told(language, WRONG, '?dryRun=true');
      assert.match(report.body.items[0].detail, /^`quantity` /);
      assert.equal(report.language, 'en');
    });
  }
});
