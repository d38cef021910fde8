import assert from "node:assert/strict";
import { test } from "node:test";
import { TransferMemory } from "./transfer-memory.ts";

const MIB = 1024 * 1024;

test("what is released is used again, whatever the sizes", () => {
  const memory = new TransferMemory(0);
  const first = memory.allocate(4 * MIB);
  memory.release(first);
  for (const size of [4 * MIB, 1, 32 * MIB, 5 * MIB + 3, 64 * MIB]) {
    const buffer = memory.allocate(size);
    assert.equal(buffer.length, size);
    assert.equal(buffer.buffer, first.buffer);
    memory.release(buffer);
  }
});

test("buffers that are in use at once never overlap, also when the arena is full", () => {
  const memory = new TransferMemory(0);
  const buffers = [];
  for (let index = 0; index < 40; index++)
    buffers.push(memory.allocate((1 + (index % 5)) * MIB - (index % 3)));
  buffers.forEach((buffer, index) => buffer.fill(index));
  buffers.forEach((buffer, index) => {
    assert.ok(
      buffer.every((byte) => byte === index),
      `buffer ${index}`,
    );
  });
  assert.ok(new Set(buffers.map(({ buffer }) => buffer)).size > 1);
});

test("a buffer beyond the arena is kept for the next one of its size", () => {
  const memory = new TransferMemory(0);
  const large = memory.allocate(65 * MIB);
  const second = memory.allocate(60 * MIB);
  const third = memory.allocate(60 * MIB);
  memory.release(third);
  assert.equal(memory.allocate(60 * MIB), third);
  memory.release(large);
  assert.notEqual(memory.allocate(65 * MIB), large);
  memory.release(second);
});

test("the budget is never overdrawn", () => {
  const memory = new TransferMemory(10);
  assert.equal(memory.borrow(6), true);
  assert.equal(memory.borrow(5), false);
  assert.equal(memory.borrow(4), true);
  memory.giveBack(6);
  assert.equal(memory.borrow(6), true);
});
