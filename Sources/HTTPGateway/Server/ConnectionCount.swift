import Synchronization

/// The connections of a listener.
///
/// A few more are accepted than may be used, so that the surplus is told so: left in the kernel's queue, a caller would wait for
/// an answer that does not come.
final class ConnectionCount: Sendable {
    /// How many may be used.
    let most: Int
    private let count = Atomic(0)

    init(most: Int) {
        self.most = most
    }

    /// How many are accepted.
    var mostAccepted: Int { most + most / 8 + 1 }

    /// Counts a connection. True: it is one too many.
    func open() -> Bool { count.add(1, ordering: .relaxed).newValue > most }

    func close() { count.subtract(1, ordering: .relaxed) }
}
