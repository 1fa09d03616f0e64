import type { Decision } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { count } from '../figures/number.ts';
import { Message } from '../page/message.tsx';
import { text } from '../text/text.ts';
import { decisionReason, movesInWords, optionInWords, optionName } from './decision-words.ts';
import type { Decisions } from './use-decisions.ts';

interface Props {
  /** Of the message. */
  id: string;
  decisions: Decisions;
  face: ClockFace;
  maySettle: boolean;
}

function Row({ decision, face }: { decision: Decision; face: ClockFace }) {
  const { word, moves, time, exchange, line, code, detail } = decision;
  return (
    <>
      <p class="figures">
        <strong>{word}</strong> {movesInWords(moves)}
      </p>
      <p class="aside">
        {text('decisionPlace', { time: face.dateTime(time), exchange, line: count(line) })}{' '}
        {decisionReason(code, detail)}
      </p>
    </>
  );
}

/** What imported files left to be decided: each row with what it could be, and what that would book. */
export function DecisionList({ id, decisions, face, maySettle }: Props) {
  const { open, settling, message, settle } = decisions;
  return (
    <>
      <Message id={id}>{message}</Message>
      <ul class="decisions">
        {open.map((decision) => (
          <li key={decision.id} data-decision={decision.id} data-line={decision.line}>
            <Row decision={decision} face={face} />
            <ul class="decision-options">
              {decision.options.map((option) => (
                <li key={option.id}>
                  <button
                    type="button"
                    name="option"
                    value={option.id}
                    disabled={!maySettle || settling !== null}
                    onClick={() => settle(decision.id, option.id)}
                  >
                    {optionName(option)}
                  </button>
                  <span class="aside figures">{optionInWords(option)}</span>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </>
  );
}
