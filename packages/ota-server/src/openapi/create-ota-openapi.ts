import type { OtaProblemCode } from '../http/problem.js';
import type { OpenApiDocument, OpenApiOperation, OpenApiParameter } from './openapi-document.js';
import { CHANNEL_IN_PATH, CHANNEL_IN_QUERY, CHIP, CONDITIONS, DEVICE, RANGES, SHA256_IN_PATH } from './parameters.js';
import { repliesOf, type RepliesOptions } from './replies.js';
import { FRESH, IMMUTABLE } from './reply-headers.js';

/** What {@link createOtaOpenApi} writes of the server itself. */
export interface OtaOpenApiOptions {
  /** Address of the handler's root. Default `https://localhost:8070`. */
  readonly url?: string;
}

interface Address extends Omit<RepliesOptions, 'method' | 'problems'> {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly OpenApiParameter[];
  readonly problems: readonly OtaProblemCode[];
}

const ADDRESSES: Readonly<Record<string, Address>> = {
  '/{channel}.bin': {
    name: 'Channel',
    summary: "A channel's newest image",
    description:
      'To a device (it sends the `X-Secure-Esp-*` headers): what is newer for it, and 204 or 304 when nothing is. ' +
      "To anybody else with a certificate: the channel's newest file.",
    parameters: [CHANNEL_IN_PATH, CHIP, ...DEVICE],
    toDevices: true,
    toAll: true,
    caching: FRESH,
    problems: ['bad_device_header', 'not_found', 'chip_required'],
  },
  '/update': {
    name: 'Update',
    summary: 'What is newer for a device',
    description: 'The newest release of all channels, or of one, for the project, chip and version of the headers.',
    parameters: [CHANNEL_IN_QUERY, ...DEVICE],
    toDevices: true,
    toAll: false,
    caching: FRESH,
    problems: ['bad_device_header', 'device_headers_required'],
  },
  '/images/{sha256}.bin': {
    name: 'Image',
    summary: 'One released image, for ever',
    description: 'The address that release manifests name.',
    parameters: [SHA256_IN_PATH],
    toDevices: false,
    toAll: true,
    caching: IMMUTABLE,
    problems: ['not_found'],
  },
};

function operationOf(method: 'get' | 'head', address: Address): OpenApiOperation {
  const { name, summary, description, parameters } = address;
  return {
    operationId: `${method}${name}`,
    summary: method === 'get' ? summary : `${summary}: headers only`,
    description,
    tags: ['Updates'],
    parameters: [...parameters, ...CONDITIONS, ...(method === 'get' ? RANGES : [])],
    responses: repliesOf({ ...address, method }),
  };
}

/**
 * The HTTP interface of the update server as an OpenAPI 3.1 document: every address, parameter, status, header and error
 * code. Other methods than these are answered with 405 `method_not_allowed`, other addresses with 404 `not_found`.
 */
export function createOtaOpenApi(options: OtaOpenApiOptions = {}): OpenApiDocument {
  const { url = 'https://localhost:8070' } = options;
  return {
    openapi: '3.1.0',
    info: {
      title: 'secure-esp update server',
      version: '1',
      description:
        'Firmware for devices that show a certificate. Errors are `application/problem+json` with `code` and `message`. ' +
        'Other methods are answered with 405 `method_not_allowed`, other addresses with 404 `not_found`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url, description: 'The update server.' }],
    security: [{ clientCertificate: [] }],
    tags: [{ name: 'Updates', description: 'Release manifests and images.' }],
    paths: Object.fromEntries(
      Object.entries(ADDRESSES).map(([path, address]) => [
        path,
        { get: operationOf('get', address), head: operationOf('head', address) },
      ]),
    ),
    components: {
      securitySchemes: {
        clientCertificate: {
          type: 'mutualTLS',
          description: 'A certificate of the device CA, or of an operator.',
        },
      },
    },
  };
}
