package import PaymentModel
import ProviderKit
import Resilience
import Synchronization

/// How the engine is at one moment: states that are kept where they belong, and read when somebody asks.
package struct EngineFigures: Sendable {
    package struct Breaker: Sendable {
        package enum Level: Int, Sendable {
            case closed, halfOpen, open
        }

        package let operation: Operation
        package let level: Level
    }

    package struct Provider: Sendable {
        package let name: String
        package let isEnabled: Bool
        package let inFlight: Int
        /// One for each operation of the plugin.
        package let breakers: [Breaker]
    }

    /// By name; also those that are configured no more and still have payments.
    package let providers: [Provider]
    package let store: StoreFigures
    package let keys: Int
    package let keyLimit: Int
    package let paymentLimit: Int
    /// Creates, follow-ups and syncs that a request asked for.
    package let requestsUnderWay: Int
    /// Payments that are asked after when their time comes.
    package let inquiriesWaiting: Int
}

/// How much a store holds. Kept as it changes: none of it is counted by looking at all payments.
package struct StoreFigures: Sendable, Hashable {
    package let payments: Int
    /// Of those that apps see.
    package let unknown: Int
    /// Of those that apps see.
    package let underReview: Int
    /// Callbacks that match no payment.
    package let orphans: Int
    /// Events that wait for their delivery.
    package let eventsWaiting: Int
}

extension PaymentEngine {
    package func figures() async -> EngineFigures {
        let (configuration, retired, disabled, requests) = state.withLock {
            ($0.configuration, $0.retired.all, $0.disabled, $0.requests)
        }
        let providers = (retired + configuration.runtimes.values).sorted { $0.name < $1.name }.map { runtime in
            EngineFigures.Provider(
                name: runtime.name,
                isEnabled: configuration.providers[runtime.name]?.isEnabled == true && !disabled.contains(runtime.name),
                inFlight: runtime.inFlight,
                breakers: runtime.adapter.operations.map { operation in
                    let level: EngineFigures.Breaker.Level =
                        switch runtime.breaker(operation).snapshot.state {
                        case .closed: .closed
                        case .halfOpen: .halfOpen
                        case .open: .open
                        }
                    return EngineFigures.Breaker(operation: operation, level: level)
                })
        }
        return EngineFigures(
            providers: providers, store: await store.figures(), keys: keys.count, keyLimit: keys.limit,
            paymentLimit: configuration.server.maxPayments, requestsUnderWay: requests,
            inquiriesWaiting: inquiries.count)
    }
}

extension ProviderAdapter {
    /// What the plugin can be asked to do, by its conformances.
    var operations: [Operation] {
        Operation.allCases.filter { operation in
            switch operation {
            case .create: true
            case .capture: self is any Capturing
            case .cancel: self is any Canceling
            case .refund: self is any Refunding
            case .inquiry: self is any Inquiring || self is any FollowUpInquiring
            case .token: self is any TokenAuthenticated
            }
        }
    }
}
