// The messages as Protocol Buffers by protobuf-es, from a descriptor set that protoc makes: no generated code.
import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** { Status: DescMessage, … } of the package `bench` in a descriptor set. */
export function messageTypes(descriptorSet) {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  return Object.fromEntries([...registry].filter((type) => type.kind === 'message').map((type) => [type.name, type]));
}

const ENUM_MEMBERS = { Status: 'resetReason', UpdateState: 'state', Replies: 'code' };

/** The number of an enum's value: `power_on` of `bench.ResetReason` is RESET_REASON_POWER_ON. */
function enumNumber(type, field, name) {
  const value = type.field[field].enum.values.find((each) => each.localName === name.toUpperCase());
  if (value === undefined) throw new Error(`messages.proto has no ${name} in ${type.name}.${field}`);
  return value.number;
}

const without = (value, ...keys) => Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));

/** A value of the contract with its enums as numbers, as nanopb and protobuf-es know them. */
export function withEnumNumbers(types, name, value) {
  const holder = { Status: types.Online, UpdateState: types.UpdateState, Replies: types.Refused }[name];
  const numbered = { ...value };
  for (const key of [ENUM_MEMBERS[name], name === 'UpdateState' ? 'reason' : undefined]) {
    if (typeof numbered[key] === 'string') numbered[key] = enumNumber(holder, key, numbered[key]);
  }
  return numbered;
}

/** A value of the contract as a message of protobuf-es. */
export function toMessage(types, name, value) {
  const members = withEnumNumbers(types, name, value);
  if (name === 'Status') {
    const kind = value.online
      ? { case: 'online', value: create(types.Online, without(members, 'online')) }
      : { case: 'offline', value: create(types.Offline) };
    return create(types.Status, { kind });
  }
  if (name === 'Replies') {
    const kind = value.ok
      ? { case: 'accepted', value: create(types.Accepted, without(members, 'ok')) }
      : { case: 'refused', value: create(types.Refused, without(members, 'ok')) };
    return create(types.Replies, { kind });
  }
  const present = Object.fromEntries(Object.entries(members).filter(([, member]) => member !== null));
  return create(types[name], present);
}

export const encodeMessage = (types, name, message) => toBinary(types[name], message);
export const decodeMessage = (types, name, bytes) => fromBinary(types[name], bytes);
