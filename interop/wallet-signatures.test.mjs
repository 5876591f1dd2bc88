// What our wallet signs, checked by those whom it is for: viem, an EVM chain that mines it, and Solana's library;
// before the device is lost, and after each of three recoveries.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createPublicKey, verify } from 'node:crypto'
import {
  Keypair,
  PublicKey,
  SystemInstruction,
  SystemProgram,
  Transaction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js'
import ganache from 'ganache'
import {
  keccak256,
  parseTransaction,
  recoverMessageAddress,
  recoverTransactionAddress,
  recoverTypedDataAddress,
} from 'viem'
import { useDriver } from './lib/driver.mjs'
import { newEmail, newHcp } from './lib/people.mjs'
import { Raw } from './lib/raw.mjs'
import { useServer } from './lib/server.mjs'

const CHAIN = 31337
const RECEIVER = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
const BLOCKHASH = 'EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N'
const password = 'valar morghulis'

const driver = useDriver()
let jorah
const server = useServer(async () => {
  jorah = await newHcp(server, { responsible: true })
})

/** Typed data with every kind of type: arrays of arrays of structs, negative numbers, bytes of each kind. */
const order = {
  domain: { name: 'Harbour', version: '2', chainId: CHAIN, verifyingContract: RECEIVER, salt: `0x${'5a'.repeat(32)}` },
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
      { name: 'verifyingContract', type: 'address' },
      { name: 'salt', type: 'bytes32' },
    ],
    Order: [
      { name: 'buyer', type: 'Party' },
      { name: 'others', type: 'Party[]' },
      { name: 'lines', type: 'Line[2][]' },
      { name: 'total', type: 'uint256' },
      { name: 'change', type: 'int64' },
      { name: 'note', type: 'string' },
      { name: 'call', type: 'bytes' },
      { name: 'selector', type: 'bytes4' },
      { name: 'final', type: 'bool' },
      { name: 'days', type: 'uint8[3]' },
    ],
    Line: [
      { name: 'ware', type: 'string' },
      { name: 'price', type: 'uint96' },
    ],
    Party: [
      { name: 'name', type: 'string' },
      { name: 'wallet', type: 'address' },
    ],
  },
  primaryType: 'Order',
  message: {
    buyer: { name: 'Daenerys', wallet: RECEIVER },
    others: [{ name: 'Jorah ⚓', wallet: RECEIVER.toLowerCase() }],
    lines: [[{ ware: 'salt', price: '12' }, { ware: 'silk', price: '79228162514264337593543950335' }]],
    total: '115792089237316195423570985008687907853269984665640564039457584007913129639935',
    change: '-9223372036854775808',
    note: '',
    call: '0x00ff',
    selector: '0xdeadbeef',
    final: true,
    days: [1, 0, 255],
  },
}

describe('a wallet', () => {
  let person, address, evm, solana, chain, faucet, text

  const rpc = (method, ...params) => chain.request({ method, params })
  const sign = (method, ...params) => person.tell('wallet.request', { method, params })

  before(async () => {
    chain = ganache.provider({
      chain: { chainId: CHAIN, hardfork: 'shanghai' },
      logging: { quiet: true },
      wallet: { totalAccounts: 1 },
    })
    ;[faucet] = await rpc('eth_accounts')
    address = newEmail('daenerys')
    person = await driver.byCode('daenerys', server, address, { responsible: jorah.id })
    await person.tell('wallet.create')
    ;({ evm, solana } = await person.tell('wallet.addresses'))
    ;({ text } = await person.tell('wallet.backUp', { password }))
    await person.tell('wallet.stored', { stored: true, password })
    await rpc('eth_sendTransaction', { from: faucet, to: evm, value: '0x56bc75e2d63100000' })
  })
  after(() => chain.disconnect())

  /** Sends a signed transaction; it has to be in a block, by us, and to have worked. */
  async function mined(raw) {
    assert.equal(await recoverTransactionAddress({ serializedTransaction: raw }), evm)
    const hash = await rpc('eth_sendRawTransaction', raw)
    assert.equal(hash, keccak256(raw))
    const receipt = await rpc('eth_getTransactionReceipt', hash)
    assert.equal(receipt.status, '0x1')
    assert.equal(receipt.from, evm.toLowerCase())
    return receipt
  }

  async function signsForEvm() {
    for (const message of ['I am here', '', 'ключ 🔑']) {
      const signature = await sign('personal_sign', message, evm)
      assert.equal(await recoverMessageAddress({ message, signature }), evm)
    }
    const signature = await sign('eth_signTypedData_v4', evm, order)
    assert.equal(await recoverTypedDataAddress({ ...order, signature }), evm)

    const nonce = async () => Number(await rpc('eth_getTransactionCount', evm, 'latest'))
    const balance = async () => BigInt(await rpc('eth_getBalance', RECEIVER, 'latest'))
    const had = await balance()
    const fees = { maxFeePerGas: '0x4a817c800', maxPriorityFeePerGas: '0x3b9aca00' }
    const access = [{ address: RECEIVER, storageKeys: [`0x${'01'.repeat(32)}`] }]
    const pay = { chainId: CHAIN, to: RECEIVER, value: '1000000000000000000', gas: 60000 }
    const raw = await sign('eth_signTransaction', { ...pay, ...fees, accessList: access, nonce: await nonce() })
    const read = parseTransaction(raw)
    assert.deepEqual(
      [read.type, read.value, read.accessList[0].storageKeys, read.maxPriorityFeePerGas],
      ['eip1559', 10n ** 18n, access[0].storageKeys, 10n ** 9n],
    )
    await mined(raw)
    await mined(await sign('eth_signTransaction', { ...pay, gasPrice: 20_000_000_000, nonce: await nonce() }))
    assert.equal(await balance(), had + 2n * 10n ** 18n)

    // a contract that answers 42, made by a transaction without a receiver
    const code = '0x600a600c600039600a6000f3602a60005260206000f3'
    const make = { chainId: CHAIN, data: code, gas: 200_000, ...fees, nonce: await nonce() }
    const { contractAddress } = await mined(await sign('eth_signTransaction', make))
    assert.equal(BigInt(await rpc('eth_call', { to: contractAddress }, 'latest')), 42n)
  }

  async function signsForSolana() {
    const key = new PublicKey(solana)
    const x = Buffer.from(key.toBytes()).toString('base64url')
    const object = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    const signature = await sign('raw_sign', { curve: 'ED25519', param: '00ff' })
    assert.ok(verify(null, Buffer.from('00ff', 'hex'), object, Buffer.from(signature, 'hex')))

    const other = Keypair.generate()
    const transfer = SystemProgram.transfer({ fromPubkey: key, toPubkey: other.publicKey, lamports: 5000 })
    const back = SystemProgram.transfer({ fromPubkey: other.publicKey, toPubkey: key, lamports: 1 })
    const legacy = new Transaction({ feePayer: key, recentBlockhash: BLOCKHASH }).add(transfer)
    const serialized = legacy.serialize({ requireAllSignatures: false }).toString('base64')
    const signed = await sign('sol_signTransaction', { transaction: serialized })
    assert.ok(Transaction.from(Buffer.from(signed.transaction, 'base64')).verifySignatures())

    // two signers, and ours is the second
    const instructions = [back, transfer]
    const made = new TransactionMessage({ payerKey: other.publicKey, recentBlockhash: BLOCKHASH, instructions })
    const versioned = new VersionedTransaction(made.compileToV0Message())
    versioned.sign([other])
    const [theirs] = versioned.signatures
    const both = await sign('sol_signTransaction', Buffer.from(versioned.serialize()).toString('base64'))
    const read = VersionedTransaction.deserialize(Buffer.from(both.transaction, 'base64'))
    assert.deepEqual(read.signatures[0], theirs)
    assert.deepEqual(read.message.serialize(), versioned.message.serialize())
    assert.ok(verify(null, read.message.serialize(), object, read.signatures[1]))

    // a text is a text, and a transaction under the name of a text is refused
    await sign('sol_signMessage', 'I am here')
    const message = Buffer.from(versioned.message.serialize()).toString('base64')
    await assert.rejects(sign('sol_signMessage', { message, encoding: 'base64' }), /not a transaction/)
  }

  async function signs() {
    await signsForEvm()
    await signsForSolana()
  }

  it('signs what viem, a chain and Solana accept', signs)

  for (const time of ['first', 'second', 'third']) {
    it(`signs the same after its ${time} recovery`, async () => {
      const old = person
      const who = `daenerys after the ${time}`
      person = await driver.byCode(who, server, address, { responsible: jorah.id, newKey: true })
      const before = text
      ;({ text } = await person.tell('wallet.recover', { text, password }))
      await person.tell('wallet.stored', { stored: true, password })
      assert.deepEqual(await person.tell('wallet.addresses'), { evm, solana })
      await signs()
      await assert.rejects(old.tell('wallet.request', { method: 'personal_sign', params: ['mine', evm] }), /recover/)
      await assert.rejects(person.tell('wallet.recover', { text: before, password }))
    })
  }

  it('leaves its key on Solana, which no program takes, for a wallet with a seed', async () => {
    const admin = await newHcp(server, { admin: true })
    const login = await new Raw(server.base).post('auth/login', { username: admin.login, password: admin.password })
    const window = new Raw(server.base, { authorization: `Bearer ${login.json.token}` })
    assert.equal((await window.post('wallet/eject/window', { owner: person.id })).status, 200)
    const seed = Keypair.generate()
    const sweep = { to: seed.publicKey.toBase58(), recentBlockhash: BLOCKHASH, balance: 1_000_000, fee: 5_000 }
    const { transaction } = await person.tell('wallet.sweep', { text, password, ...sweep })
    const read = Transaction.from(Buffer.from(transaction, 'base64'))
    assert.ok(read.verifySignatures())
    assert.equal(read.feePayer.toBase58(), solana)
    assert.equal(read.recentBlockhash, BLOCKHASH)
    const [instruction] = read.instructions
    const { fromPubkey, toPubkey, lamports } = SystemInstruction.decodeTransfer(instruction)
    assert.deepEqual([fromPubkey.toBase58(), toPubkey.toBase58(), lamports], [solana, sweep.to, 995_000n])
    assert.equal(read.instructions.length, 1)
  })
})
