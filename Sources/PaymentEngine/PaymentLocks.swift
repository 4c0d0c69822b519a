import Synchronization

/// Puts follow-ups of one payment in order: one at a time, first come, first served.
final class PaymentLocks: Sendable {
    private let waiting = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

    /// Payments of which something is under way.
    var count: Int { waiting.withLock { $0.count } }

    /// Runs `work` when all that came before it for this payment has ended.
    func serialized<Result>(_ payment: String, _ work: () async -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                if waiting[payment] == nil {
                    waiting[payment] = []
                    return true
                }
                waiting[payment]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        let result = await work()
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard waiting[payment]?.isEmpty == false else {
                waiting[payment] = nil
                return nil
            }
            return waiting[payment]?.removeFirst()
        }
        next?.resume()
        return result
    }
}
