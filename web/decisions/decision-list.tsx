import type { Decision } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { count } from '../figures/number.ts';
import { Message } from '../page/message.tsx';
import { text } from '../text/text.ts';
import { movesInWords, optionInWords, optionName } from './decision-words.ts';
import type { Decisions } from './use-decisions.ts';

interface Props {
  /** Id of the message. */
  id: string;
  decisions: Decisions;
  face: ClockFace;
  maySettle: boolean;
}

function Row({ decision, face }: { decision: Decision; face: ClockFace }) {
  const { word, moves, time, exchange, line, detail } = decision;
  return (
    <>
      <p class="figures">
        <strong>{word}</strong> {movesInWords(moves)}
      </p>
      <p class="aside">
        {text('decisionPlace', { time: face.dateTime(time), exchange, line: count(line) })} {detail}
      </p>
    </>
  );
}

/** The open decisions of imported files: each row with its options and what each would book. */
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
