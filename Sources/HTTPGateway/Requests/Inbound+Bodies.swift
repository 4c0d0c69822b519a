import PaymentModel
import StrictJSON

/// Bodies that an app's call and an operator's have alike. None at all is `{}`.
extension Inbound {
    /// Reads the body of a `sync`.
    ///
    /// - Returns: The `provider_transaction_id`, which a provider's browser component told.
    func claimedTransaction(limit: Int) async throws -> String? {
        let bytes = try await jsonBody(limit: limit, mayBeEmpty: true)
        var fields = FieldReader(try JSONValue(body: bytes, mayBeEmpty: true))
        let transaction = fields.string("provider_transaction_id", most: 255)
        try fields.finishOrThrow()
        return transaction
    }

    /// Reads the body of a call that has no members.
    func noMembers(limit: Int) async throws {
        let bytes = try await jsonBody(limit: limit, mayBeEmpty: true)
        var fields = FieldReader(try JSONValue(body: bytes, mayBeEmpty: true))
        try fields.finishOrThrow()
    }
}
