package import PaymentModel
package import W3CTrace

/// One API call under way: who calls, under which configuration, until when.
package struct Call: Sendable {
    /// The configuration that the call sees from beginning to end.
    package let configuration: EngineConfiguration
    package let app: AppConfiguration
    /// `X-Request-Id`.
    package let requestID: String
    /// When its request came.
    package let begunAt: ContinuousClock.Instant
    /// When the call has to be answered.
    package let deadline: ContinuousClock.Instant
    /// The request's span; nil where it is of no trace.
    package let trace: TraceContext?

    /// Makes a call.
    package init(
        configuration: EngineConfiguration, app: AppConfiguration, requestID: String,
        begunAt: ContinuousClock.Instant, deadline: ContinuousClock.Instant, trace: TraceContext? = nil
    ) {
        self.configuration = configuration
        self.app = app
        self.requestID = requestID
        self.begunAt = begunAt
        self.deadline = deadline
        self.trace = trace
    }
}

/// Which payments a list holds; what is nil does not choose.
package struct PaymentQuery: Sendable, Hashable {
    /// Nil for operators, who see all apps.
    package var app: String?
    package var status: PaymentStatus?
    package var reference: String?
    package var provider: String?
    /// Inclusive.
    package var createdFrom: Timestamp?
    /// Exclusive.
    package var createdTo: Timestamp?
    /// 1 to 100.
    package var limit = 10
    /// The `next_cursor` of the page before.
    package var cursor: String?

    /// A query that chooses nothing.
    package init() {}
}

/// A page of payments, newest first.
package struct PaymentPage: Sendable {
    package let payments: [Payment]
    /// Nil on the last page.
    package let nextCursor: String?

    /// Makes a page.
    package init(payments: [Payment], nextCursor: String?) {
        self.payments = payments
        self.nextCursor = nextCursor
    }
}

/// A method that the routes can serve now.
package struct ServableMethod: Sendable, Hashable {
    package let method: PaymentMethod
    /// Empty for methods without networks, or where any network will do.
    package let networks: [String]

    /// Makes an entry.
    package init(method: PaymentMethod, networks: [String]) {
        self.method = method
        self.networks = networks
    }
}
