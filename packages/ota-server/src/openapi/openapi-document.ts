/** The part of JSON Schema 2020-12 that the document uses. */
export interface OpenApiSchema {
  readonly type?: string;
  readonly description?: string;
  readonly pattern?: string;
  readonly format?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly contentMediaType?: string;
}

/** A header of a reply. */
export interface OpenApiHeader {
  readonly description: string;
  /** Whether every such reply has it. */
  readonly required: boolean;
  readonly schema: OpenApiSchema;
}

/** A part of the path, the query or the headers of a request. */
export interface OpenApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description: string;
  readonly schema: OpenApiSchema;
}

/** What the server replies with one status. */
export interface OpenApiResponse {
  readonly description: string;
  /** By name. */
  readonly headers: Readonly<Record<string, OpenApiHeader>>;
  /** By media type. */
  readonly content?: Readonly<Record<string, { readonly schema: OpenApiSchema }>>;
}

/** One method of one path. */
export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly OpenApiParameter[];
  /** By status. */
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
}

/** An OpenAPI 3.1 document, as far as the update server needs one. Plain data: `JSON.stringify` makes the file. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly identifier: string };
  };
  readonly servers: readonly { readonly url: string; readonly description: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  /** By path, then by method in lower case. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, { readonly type: 'mutualTLS'; readonly description: string }>>;
  };
}
