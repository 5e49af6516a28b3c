// AWS's signature, version 4, for calls of @connections and of Lambda. Without credentials in the environment a call goes without.
import crypto from "node:crypto";

const hash = (data) => crypto.createHash("sha256").update(data).digest("hex");
const keyed = (key, data) => crypto.createHmac("sha256", key).update(data).digest();

export function signed(method, url, body, others = {}, { host } = new URL(url)) {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = process.env;
  const [, service, region] = host.match(/(?:^|\.)(execute-api|lambda)\.([^.]+)\.amazonaws\.com/) ?? [];
  if (!id || !secret || !region) return {};
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const headers = { host, "x-amz-date": time, ...(token ? { "x-amz-security-token": token } : {}), ...others };
  const names = Object.keys(headers).sort();
  // A path is encoded once more than it is sent.
  const path = new URL(url).pathname.split("/").map(encodeURIComponent).join("/");
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
  const request = [method, path, "", lines, names.join(";"), hash(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, hash(request)].join("\n");
  const key = scope.split("/").reduce((from, part) => keyed(from, part), `AWS4${secret}`);
  const signature = keyed(key, text).toString("hex");
  const credential = `Credential=${id}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...headers, authorization: `AWS4-HMAC-SHA256 ${credential}` };
}
