import Synchronization

/// Puts follow-ups of one payment in order: one at a time, first come, first served.
final class PaymentLocks: Sendable {
    /// True: its turn has come.
    private typealias Turn = CheckedContinuation<Bool, Never>

    private let waiting = Mutex<[String: [Turn]]>([:])

    /// Payments of which something is under way.
    var count: Int { waiting.withLock { $0.count } }

    /// Runs `work` when all that came before it for this payment has ended.
    func serialized<Result>(_ payment: String, _ work: () async -> Result) async -> Result {
        guard let result = await serialized(payment, most: .max, work) else {
            preconditionFailure("without a bound everybody's turn comes")
        }
        return result
    }

    /// As `serialized`; nil, and `work` is not run, where `most` wait for their turn already.
    func serialized<Result>(_ payment: String, most: Int, _ work: () async -> Result) async -> Result? {
        guard await turn(payment, most: most) else { return nil }
        let result = await work()
        let next = waiting.withLock { waiting -> Turn? in
            guard waiting[payment]?.isEmpty == false else {
                waiting[payment] = nil
                return nil
            }
            return waiting[payment]?.removeFirst()
        }
        next?.resume(returning: true)
        return result
    }

    private func turn(_ payment: String, most: Int) async -> Bool {
        await withCheckedContinuation { (turn: Turn) in
            let known = waiting.withLock { waiting -> Bool? in
                guard let line = waiting[payment] else {
                    waiting[payment] = []
                    return true
                }
                guard line.count < most else { return false }
                waiting[payment]?.append(turn)
                return nil
            }
            if let known { turn.resume(returning: known) }
        }
    }
}
