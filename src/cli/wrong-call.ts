import { Failure } from "../errors/error.ts";

/** The command was called wrong: exit code 2, whatever Azure would have said. */
export class WrongCall extends Failure {
  constructor(message: string, hint?: string) {
    super("InvalidArgument", message, { hint });
  }
}
