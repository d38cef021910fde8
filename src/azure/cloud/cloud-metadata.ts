import type { Cloud } from "../../credentials/cloud.ts";
import { Failure } from "../../errors/error.ts";
import { anonymous } from "../auth/anonymous.ts";
import { cloudOfMetadata } from "./cloud-document.ts";
import type { CloudSettings } from "./cloud-source.ts";
import { parseEndpoint, requireHttps } from "../account/endpoint.ts";
import { transportFailure } from "../errors/errors.ts";
import { type Answer, Pipeline } from "../http/pipeline.ts";
import type { RetryPolicy } from "../http/retry.ts";
import { readSome } from "../errors/service-error.ts";

/** The newer one tells storage's suffix, too; Azure Stack Hub has only the older. */
const VERSIONS = ["2022-09-01", "2015-01-01"] as const;

/** Everything of a location waits for this. */
const RETRY: Partial<RetryPolicy> = { maxAttempts: 4, total: 60_000 };
const DEADLINE = 30_000;

/**
 * Asks a custom cloud's Resource Manager where its other services are (source: Azure Stack Hub's "Connect with
 * azure stack": `/metadata/endpoints`, which needs no sign-in). Never over plain http to another machine: whoever changed
 * the answer would name the authority that secrets go to.
 */
export async function askResourceManager(
  resourceManager: string,
  settings: CloudSettings,
  signal: AbortSignal,
): Promise<Cloud> {
  const what = `cannot ask Resource Manager "${resourceManager}" for its cloud's endpoints`;
  const endpoint = parseEndpoint("AZURE_RESOURCE_MANAGER_ENDPOINT", resourceManager);
  const hint = "set AZURE_RESOURCE_MANAGER_ENDPOINT to an address that begins with https://";
  requireHttps(endpoint, "the question where to sign in", hint);
  const { origin, basePath, host } = endpoint;
  const pipeline = new Pipeline({
    transport: settings.transport,
    authorizer: anonymous,
    logger: settings.logger,
    headers: { "user-agent": settings.userAgent, accept: "application/json" },
    retry: { ...RETRY, ...settings.retry },
    clock: settings.clock,
  });
  const path = `${basePath}/metadata/endpoints`;
  const ask = async (version: string): Promise<Answer> => {
    try {
      const query = `api-version=${version}`;
      const request = { method: "GET", origin, path, query, headers: {} } as const;
      return await pipeline.send({ ...request, deadlineMilliseconds: DEADLINE }, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw transportFailure(what, host, error);
    }
  };
  let answer = await ask(VERSIONS[0]);
  if (answer.status === 400 || answer.status === 404) {
    await readSome(answer.body);
    answer = await ask(VERSIONS[1]);
  }
  const cloud = cloudOfMetadata(parse(answer.content), resourceManager);
  if (cloud === undefined) {
    await readSome(answer.body);
    throw new Failure(
      answer.status >= 500 ? "Unavailable" : "FailedPrecondition",
      `${what}: it answered ${answer.status} and no endpoints`,
      {
        hint: "check AZURE_RESOURCE_MANAGER_ENDPOINT, or describe the cloud in a file: AZURE_ENVIRONMENT_FILEPATH",
        retryable: answer.status >= 500,
      },
    );
  }
  return cloud;
}

function parse(content: Buffer | undefined): unknown {
  try {
    return JSON.parse((content ?? Buffer.alloc(0)).toString("utf8"));
  } catch {
    return undefined;
  }
}
