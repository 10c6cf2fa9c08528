import { StatusError } from '../apimachinery/status.ts';
import type { Fault } from '../base/faults.ts';
import type { AnswerSink, UpstreamRequest } from './control-plane.ts';

/** Wants to know of the calls that are made for a request, or not. */
export interface CallRecorder {
  /** Before it is sent: may add headers. */
  startCall(request: UpstreamRequest): RecordedCall | undefined;
}

/** One call. `ended` is called once, after `answered` where there was an answer. */
export interface RecordedCall {
  answered(status: number): void;
  ended(failure?: Fault): void;
}

/** Forwards, and tells of it. */
export async function forwardRecorded(
  call: RecordedCall,
  sink: AnswerSink,
  forward: (sink: AnswerSink) => Promise<void>,
): Promise<void> {
  try {
    await forward({
      start: (status, headers, resume) => {
        call.answered(status);
        sink.start(status, headers, resume);
      },
      data: (chunk) => sink.data(chunk),
      end: () => sink.end(),
    });
    call.ended();
  } catch (error) {
    call.ended(error instanceof StatusError ? error.fault : 'client_gone');
    throw error;
  }
}
