import APIConformance
import APIDescription
import NIOHTTP1
import Synchronization
import Testing

/// Whether all that goes over the sockets of the tests is as `openapi.yaml` has it.
enum Described {
    /// The operations that a test has seen, with their statuses: `createPayment 201`.
    final class Seen: Sendable {
        private let answers = Mutex<Set<String>>([])
        var all: Set<String> { answers.withLock { $0 } }
        func add(_ answer: String) { answers.withLock { _ = $0.insert(answer) } }
    }

    @TaskLocal static var seen: Seen?
}

extension Answered {
    /// Itself; the test fails where the answer, or the request that was accepted, is not as described.
    func described(
        _ method: HTTPMethod, _ target: String, _ requestBody: [UInt8]?, on listener: APIConformance.Listener = .api
    ) -> Answered {
        let exchange = APIConformance.Exchange(
            method: method.rawValue, target: target, requestBody: requestBody ?? [], status: status,
            fields: headers.map { (name: $0.name, value: $0.value) }, body: body)
        let violations = APIConformance.shared.violations(exchange, on: listener)
        #expect(violations == [])
        if let seen = Described.seen, let operation = APIConformance.shared.operation(exchange, on: listener) {
            seen.add("\(operation.id) \(status)")
        }
        return self
    }
}
