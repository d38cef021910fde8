import type { Refusal, RefusalContext } from "./application.ts";

type Rule = (context: RefusalContext) => Refusal;

function refused(reason: string, hint?: string): Rule {
  return () => ({ code: "Unauthenticated", reason, hint });
}

const unknownApplication: Rule = ({ proof, tenant }) => ({
  code: "Unauthenticated",
  reason: `tenant "${tenant}" does not know the application "${proof.client}"`,
  hint: "AZURE_CLIENT_ID must be the application (client) ID, not an object ID, and AZURE_TENANT_ID the tenant that it is registered in",
});

const unknownTenant: Rule = ({ tenant, endpoint }) => ({
  code: "Unauthenticated",
  reason: `"${endpoint.origin}" does not know the tenant "${tenant}"`,
  hint: "check AZURE_TENANT_ID, and that AZURE_CLOUD_NAME is the cloud of that tenant",
});

const wrongSecret: Rule = ({ proof }) => ({
  code: "Unauthenticated",
  reason: "the client secret is wrong",
  hint: `AZURE_CLIENT_SECRET must be the secret's value, not its ID; for a new one: az ad app credential reset --id ${proof.client} --append`,
});

const expiredSecret: Rule = ({ proof }) => ({
  code: "Unauthenticated",
  reason: "the client secret has expired",
  hint: `make a new one and put it into the credentials file as AZURE_CLIENT_SECRET: az ad app credential reset --id ${proof.client} --append`,
});

const unknownCertificate: Rule = ({ proof, claims }) =>
  claims === undefined
    ? {
        code: "Unauthenticated",
        reason: "the certificate is not one of the application's, or its private key is another's",
        hint: `add it to the application: az ad app credential reset --id ${proof.client} --append --cert @CERTIFICATE.pem`,
      }
    : badSignature({ claims });

/** Also for a federated token whose issuer's keys cannot be had. */
const badSignature = ({ claims }: Pick<RefusalContext, "claims">): Refusal => ({
  code: "Unauthenticated",
  reason:
    claims === undefined
      ? "the signature of the sign-in is not accepted"
      : `the service account token's signature does not fit the keys that issuer "${claims.issuer}" publishes`,
  hint:
    claims === undefined
      ? "check that certificate and private key belong together and to the application"
      : "the cluster's OIDC issuer must publish its current keys where Microsoft Entra can read them (jwks_uri)",
});

const outOfTime: Rule = ({ claims }) => ({
  code: "Unauthenticated",
  reason:
    claims === undefined
      ? "the signed sign-in is not within its time"
      : "the service account token is not within its time",
  hint: "check this machine's clock, and that AZURE_FEDERATED_TOKEN_FILE is the projected volume itself, which kubelet renews, and no copy of it",
});

/** Nothing trusts the token; `part` says by which of its three marks. */
function noFederation(part: "any" | "issuer" | "subject" | "audience"): Rule {
  return ({ claims, proof }) => {
    const { issuer = "", subject = "", audience = "" } = claims ?? {};
    const named = {
      any: "",
      issuer: ` with issuer "${issuer}"`,
      subject: ` with subject "${subject}"`,
      audience: ` with audience "${audience}"`,
    };
    return {
      code: "Unauthenticated",
      reason: `identity "${proof.client}" has no federated credential${named[part]} for the service account token`,
      hint:
        part === "audience"
          ? "project the token with audience api://AzureADTokenExchange, or name the token's audience in the federated credential"
          : `give it one, and wait a minute until it holds: az identity federated-credential create --name velero --identity-name IDENTITY --resource-group GROUP --issuer "${issuer}" --subject "${subject}" --audiences api://AzureADTokenExchange (an application, which is no managed identity, gets the same by: az ad app federated-credential create --id ${proof.client})`,
    };
  };
}

const issuerUnreachable: Rule = ({ claims }) => ({
  code: "Unauthenticated",
  reason: `Microsoft Entra cannot read the keys of issuer "${claims?.issuer ?? ""}"`,
  hint: "the issuer's /.well-known/openid-configuration and its jwks_uri must be public",
});

const unknownResource: Rule = ({ audience, tenant }) => ({
  code: "FailedPrecondition",
  reason: `tenant "${tenant}" does not know the service "${audience}"`,
  hint: "check AZURE_CLOUD_NAME; with a custom cloud, tokenAudience and resourceIdentifiers.storage of its file",
});

const conditionalAccess: Rule = () => ({
  code: "PermissionDenied",
  reason: "a conditional access policy of the tenant blocks the sign-in",
  hint: "let the policy exclude this workload identity, or allow the address that this cluster's requests come from",
});

const noPrincipal: Rule = ({ proof, tenant }) => ({
  code: "Unauthenticated",
  reason: `the application "${proof.client}" has no service principal in tenant "${tenant}"`,
  hint: `make one there: az ad sp create --id ${proof.client}`,
});

const otherCloud: Rule = ({ endpoint }) => ({
  code: "Unauthenticated",
  reason: `the tenant belongs to another cloud than "${endpoint.origin}"`,
  hint: "set AZURE_CLOUD_NAME to the tenant's cloud, or activeDirectoryAuthorityURI to its authority",
});

const noProof = refused(
  "Microsoft Entra sees no secret and no certificate in the sign-in",
  "the application must be a confidential one: check its Authentication settings",
);

/** By the number of AADSTS. */
export const entraRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["7000215", wrongSecret],
  ["7000222", expiredSecret],
  ["700016", unknownApplication],
  ["90002", unknownTenant],
  ["900021", unknownTenant],
  ["900023", unknownTenant],
  ["90038", otherCloud],
  ["900382", otherCloud],
  ["700027", unknownCertificate],
  ["7000214", unknownCertificate],
  [
    "700030",
    refused(
      "the certificate's subject or issuer is not the one that the application trusts",
      "check the application's trusted subject name and issuer, and AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",
    ),
  ],
  ["700023", otherCloud],
  ["700024", outOfTime],
  ["700021", outOfTime],
  ["50013", badSignature],
  ["70021", noFederation("any")],
  ["70025", noFederation("any")],
  ["700211", noFederation("issuer")],
  ["700212", noFederation("audience")],
  ["700213", noFederation("subject")],
  // Entra compares letter for letter, and says so when only the case differs.
  ["7002138", noFederation("subject")],
  ["50166", issuerUnreachable],
  ["700223", issuerUnreachable],
  ["500011", unknownResource],
  ["500014", refused("the service's own principal is disabled in the tenant")],
  ["650057", unknownResource],
  ["70011", unknownResource],
  ["1002012", unknownResource],
  ["53003", conditionalAccess],
  ["53000", conditionalAccess],
  ["530034", conditionalAccess],
  ["50034", refused("there is no such account in the tenant", "check AZURE_CLIENT_ID and AZURE_TENANT_ID")],
  [
    "7000112",
    refused("the application is disabled", "enable it in its tenant, under Enterprise applications"),
  ],
  ["7000229", noPrincipal],
  ["7000216", noProof],
  ["7000218", noProof],
]);
