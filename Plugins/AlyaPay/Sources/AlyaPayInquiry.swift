import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

/// What became of a transaction: `GET /api/v1/public/transactions/{transaction_id}/status`.
extension AlyaPayAdapter {
    /// AlyaPay takes 100 requests in 15 minutes, creates included, and half of them are for asking. With the usual times
    /// of asking a minute is five questions in the hour of a session: enough for ten new payments in 15 minutes that all
    /// stay open to the end.
    public var leastInquiryInterval: Duration { .seconds(60) }

    /// Nil before the transaction's id is known: AlyaPay tells it the browser, which the app's `sync` passes on, or a
    /// callback. Nil too once the session's token is over, unless the settings say that the API key may ask.
    public func inquiryRequest(for subject: InquirySubject) -> ProviderRequest? {
        guard let id = subject.alyaPayTransaction, ProviderText.isReference(id) else { return nil }
        let credential: HTTPField
        if asksWithKey(for: subject) {
            credential = HTTPField(name: .alyaPayKey, value: apiKey.reveal())
        } else {
            guard let token = subject.liveToken else { return nil }
            credential = HTTPField(name: .alyaPaySessionToken, value: token.reveal())
        }
        return ProviderRequest(
            .get, "/api/v1/public/transactions/\(percentEncoded(id))/status", headers: HTTPFields([credential]))
    }

    public func inquiryOutcome(of reply: ProviderReply, for subject: InquirySubject) -> InquiryOutcome {
        let error = reply.status == 200 ? nil : reply.json.map(AlyaPayError.init)
        switch reply.status {
        case 200: break
        case 401, 403:
            // The session's token is no credential of ours: that it is over says nothing of the API key.
            if asksWithKey(for: subject) || error?.code == .invalidAPIKey { return .refused(.credentials) }
            return .noAnswer(
                reason: error?.code == .invalidSessionToken ? "session_token_refused" : "http_\(reply.status)")
        case 404 where error?.code == .transactionNotFound: return .notFound
        case 400 where error?.number == AlyaPayError.transactionNotFoundNumber: return .notFound
        case 429: return .refused(.rateLimited(retryAfter: reply.retryAfter))
        default: return .noAnswer(reason: "http_\(reply.status)")
        }
        guard let transaction = reply.json.flatMap(AlyaPayTransaction.init(status:)) else {
            return .noAnswer(reason: "unreadable_reply")
        }
        guard transaction.id == subject.alyaPayTransaction else { return .noAnswer(reason: "foreign_reference") }
        do {
            var report = try AlyaPayMapping.report(
                of: transaction, sessionToken: subject.liveToken, sessionEnd: subject.sessionEnd,
                isOpen: subject.now < subject.sessionEnd)
            // The session whose token could read it.
            if !asksWithKey(for: subject) { report.checkoutReference = subject.checkoutReference }
            return .found(report)
        } catch {
            return .noAnswer(reason: error.reason)
        }
    }

    /// Whether the API key asks. Never for a transaction that only the app says is this payment's: the key sees all
    /// transactions of the merchant, and the session's token alone proves that this one came of this session.
    private func asksWithKey(for subject: InquirySubject) -> Bool {
        guard asksWithKey else { return false }
        return subject.claimedTransactionID == nil || subject.claimedTransactionID == subject.providerReference
    }
}

extension InquirySubject {
    /// The transaction to ask after: the one that the app names, else the one that is known.
    fileprivate var alyaPayTransaction: String? { claimedTransactionID ?? providerReference }

    /// When the session's token is over.
    fileprivate var sessionEnd: Timestamp { expiresAt ?? createdAt.advanced(by: AlyaPayMapping.sessionLife) }

    /// The session's token while it lives.
    fileprivate var liveToken: Secret? { now < sessionEnd ? session[AlyaPayMapping.keptToken] : nil }
}
