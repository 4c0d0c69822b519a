@testable import PaymentEngine
import Fuzzing
import PaymentModel
import ProviderKit
import Resilience
import Simulation
import Synchronization

/// What the callers of each key were told.
final class Told: Sendable {
    private let state = Mutex([String: [Reading]]())

    func note(_ key: String, _ answer: Reading) { state.withLock { $0[key, default: []].append(answer) } }
    subscript(key: String) -> [Reading] { state.withLock { $0[key] ?? [] } }
}

/// A provider with money in it, that loses, delays, repeats and reorders whatever it may.
final class FakeProvider: Sendable {
    /// What it knows of one of our references.
    struct Account: Sendable {
        enum State: String, Sendable { case pending, captured, failed, action }
        var state: State
        /// How often money was taken.
        var charges = 0
        let id: String
    }

    /// How it can be heard and asked.
    enum Kind: CaseIterable, Sendable {
        case signsAndAnswers, hintsAndAnswers, silent
    }

    private struct State {
        var accounts: [String: Account] = [:]
        var random: SeededRandom
        var lastEvent = 0
        /// The token of the last callback address for each reference.
        var tokens: [String: String] = [:]
        var isCalm = false
    }

    let name: String
    let safety: SendSafety
    let kind: Kind
    private let bench: Mutex<Bench?> = Mutex(nil)
    private let state: Mutex<State>

    init(name: String, safety: SendSafety, kind: Kind = .signsAndAnswers, seed: UInt64) {
        self.name = name
        self.safety = safety
        // Who refuses duplicates can be asked, by definition.
        self.kind = safety == .refusesDuplicates && kind == .silent ? .signsAndAnswers : kind
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    var adapter: any ProviderAdapter {
        kind == .silent ? PlainAdapter(safety) : CallingAdapter(safety, isSigned: kind == .signsAndAnswers)
    }

    func attach(to bench: Bench) {
        self.bench.withLock { $0 = bench }
        bench[name].always(
            "create",
            .asked { sent in
                let token = Wire.value("callback", in: sent.body)?.split(separator: "/").last.map(String.init)
                self.state.withLock { $0.tokens[sent.reference] = token }
                return self.create(sent.reference)
            })
        bench[name].always("inquiry", .asked { self.inquiry($0.reference) })
    }

    var accounts: [String: Account] { state.withLock { $0.accounts } }

    /// From now on it answers everything at once and rightly.
    func calm() { state.withLock { $0.isCalm = true } }

    private func chance(_ sides: Int) -> Int { state.withLock { Int.random(in: 0..<sides, using: &$0.random) } }

    // MARK: Create

    private func create(_ reference: String) -> ScriptedTransport.Step {
        switch chance(14) {
        case 0: return .now(Wire.refused)
        case 1: return .now(Wire.unauthorized)
        case 2: return .now(Wire.tooMany)
        case 3: return .now(Wire.unavailable)
        // Never arrives, and nobody can tell.
        case 4: return .after(.seconds(60), Wire.accepted())
        case 5: return .now(Wire.reset)
        // Arrives, and the reply is lost or broken.
        case 6:
            _ = take(reference)
            return .now(Wire.reset)
        case 7:
            _ = take(reference)
            return .now(Wire.broken)
        case 8:
            _ = take(reference)
            return .after(.seconds(60), Wire.accepted())
        // Arrives after the caller has stopped waiting.
        case 9:
            later(.milliseconds(1 + chance(30_000))) { _ = self.take(reference) }
            return .after(.seconds(60), Wire.accepted())
        // Answers, sooner or later.
        default:
            let reply = take(reference)
            return .after(.milliseconds(chance(12_000)), reply)
        }
    }

    /// Processes a request, as the documents of this kind of provider say.
    private func take(_ reference: String) -> Transmission {
        let decision = chance(4)
        let (account, isNew) = state.withLock { state -> (Account, Bool) in
            if var known = state.accounts[reference] {
                if safety == .once {
                    // It knows nothing of repeats: each takes money.
                    known.charges += 1
                    state.accounts[reference] = known
                }
                return (known, false)
            }
            var account = Account(state: .pending, id: "\(name)-\(state.accounts.count)")
            if safety == .inert {
                account.state = .action
            } else {
                account.state = decision == 0 ? .failed : decision == 1 ? .pending : .captured
                if account.state == .captured { account.charges = 1 }
            }
            state.accounts[reference] = account
            return (account, true)
        }
        if !isNew, safety == .refusesDuplicates || safety == .inert { return Wire.duplicate }
        if isNew {
            if account.state == .pending { later(.seconds(1 + chance(5000))) { self.settle(reference) } }
            announce(reference)
        }
        if account.state == .failed { return Wire.declined(chance(2) == 0 ? .generic : .insufficientFunds) }
        return Wire.accepted(account.state.rawValue, "id=\(account.id) amount=10000")
    }

    /// A payment that was pending, or a session that the customer pays, comes to its end.
    func settle(_ reference: String, paying: Bool = false) {
        let isPaid = paying || chance(3) > 0
        state.withLock { state in
            guard var account = state.accounts[reference], account.state == .pending || account.state == .action else {
                return
            }
            account.state = isPaid ? .captured : .failed
            if isPaid { account.charges += 1 }
            state.accounts[reference] = account
        }
        announce(reference)
    }

    // MARK: Telling

    private func inquiry(_ reference: String) -> ScriptedTransport.Step {
        let isCalm = state.withLock { $0.isCalm }
        let reply =
            accounts[reference].map { Wire.found($0.state.rawValue, "id=\($0.id) amount=10000") } ?? Wire.notFound
        switch isCalm ? 9 : chance(10) {
        case 0: return .now(Wire.broken)
        case 1: return .now(Wire.refused)
        case 2: return .after(.seconds(60), reply)
        case 3: return .after(.milliseconds(chance(9000)), reply)
        default: return .now(reply)
        }
    }

    /// Calls back: not at all, at once, late, twice; each with the state at some moment, so that old ones overtake new ones.
    private func announce(_ reference: String) {
        for _ in 0..<chance(4) {
            guard let account = accounts[reference] else { return }
            let number = state.withLock { state in
                state.lastEvent += 1
                return state.lastEvent
            }
            let text =
                "event=\(number % 5 == 0 ? "same" : String(number)) state=\(account.state.rawValue) id=\(account.id) "
                + "ours=\(reference) amount=10000"
            later(chance(3) == 0 ? .zero : .milliseconds(chance(20_000))) {
                guard let bench = self.bench.withLock({ $0 }) else { return }
                let token = self.state.withLock { $0.tokens[reference] }
                _ = await bench.callback(
                    self.name, text, token: self.kind == .hintsAndAnswers ? token : nil,
                    signed: self.kind == .signsAndAnswers)
            }
        }
    }

    private func later(_ delay: Duration, _ work: @escaping @Sendable () async -> Void) {
        guard let bench = bench.withLock({ $0 }) else { return }
        let clock = bench.clock
        let due = clock.now + delay
        Task {
            try? await clock.sleep(until: due)
            await work()
        }
    }
}
