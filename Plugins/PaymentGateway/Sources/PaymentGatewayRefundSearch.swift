import HTTPTypes
import PaymentModel
public import ProviderKit
import StrictJSON

/// Looks for a refund whose reply was lost: first at the payment, then in the whole list of refunded transactions.
///
/// Both are needed. The payment tells whether anything was returned, and not how often; what a row of the list stands for is
/// not documented, and its filter has no word for a payment that was refunded in part. So a refund counts as done where
/// the rows are those of the earlier refunds and one more, as not done where they are exactly the earlier ones, or the
/// payment is `captured` as if there had been none; everything else is no answer. A first refund of all that was captured
/// needs no list: `refunded` is "all captured funds returned".
extension PaymentGatewayAdapter {
    public func followUpInquiryRequest(for followUp: FollowUp, after replies: [ProviderReply]) -> ProviderRequest? {
        guard followUp.operation == .refund, let id = followUp.payment.providerReference,
            ProviderText.isReference(id)
        else { return nil }
        guard let first = replies.first else { return paymentRequest(id) }
        guard replies.count < RefundPages.mostRequests, let current = refundedPayment(in: first, for: followUp),
            !isAllReturned(current, by: followUp),
            let pages = RefundPages(replies.dropFirst()), !pages.isWhole
        else { return nil }
        return ProviderRequest(
            .get,
            "\(PaymentGatewayWire.transactions)?status=refunded&limit=\(RefundPages.size)&offset=\(pages.rows.count)",
            headers: headers())
    }

    public func followUpFinding(in replies: [ProviderReply], for followUp: FollowUp) -> FollowUpFinding {
        let payment = followUp.payment
        guard followUp.operation == .refund, let amount = followUp.amount, let first = replies.first else {
            return .noAnswer(reason: "not_asked")
        }
        if let failed = replies.first(where: { !(200..<300).contains($0.status) }) {
            return .noAnswer(reason: "http_\(failed.status)")
        }
        guard let current = refundedPayment(in: first, for: followUp) else {
            return .noAnswer(reason: "foreign_reference")
        }
        if isAllReturned(current, by: followUp) { return .done(providerReference: nil) }
        guard let pages = RefundPages(replies.dropFirst()), pages.isWhole else {
            return .noAnswer(reason: "unreadable_reply")
        }
        let rows = pages.rows.filter { $0.paymentID == current.id }
        guard rows.allSatisfy({ $0.currency == payment.money.currency.code }) else {
            return .noAnswer(reason: "foreign_currency")
        }
        let earlier = payment.refunds.filter { $0.status == .succeeded }.map(\.amount)
        guard earlier.reduce(0, +) == payment.amountRefunded else { return .noAnswer(reason: "unexplained_refunds") }

        func isListed(_ refunds: [Int64]) -> Bool {
            // Each refund a row of its own, or one row with the sum of all where it says that it is one.
            rows.map(\.refunded).sorted() == refunds.sorted()
                || rows.count == 1 && rows.first?.isRefundedAmount == true
                    && rows.first?.refunded == refunds.reduce(0, +)
        }
        switch current.status {
        case "captured" where earlier.isEmpty && rows.isEmpty: return .notDone
        case "partially_refunded" where !earlier.isEmpty && isListed(earlier): return .notDone
        case "partially_refunded" where isListed(earlier + [amount]),
            "refunded" where isListed(earlier + [amount]):
            return .done(providerReference: nil)
        default: return .noAnswer(reason: "unexplained_refunds")
        }
    }

    /// The payment of the follow-up as it now is; nil where the reply tells of none, of another one, or of other money.
    private func refundedPayment(in reply: ProviderReply, for followUp: FollowUp) -> GatewayPayment? {
        guard let payment = reply.gatewayData.flatMap({ GatewayPayment($0) }),
            payment.id == followUp.payment.providerReference, payment.money == followUp.payment.money
        else { return nil }
        return payment
    }

    /// Whether the payment's state alone shows that the refund was done: it was to return everything, nothing had been
    /// returned before, and now everything is.
    private func isAllReturned(_ current: GatewayPayment, by followUp: FollowUp) -> Bool {
        let before = followUp.payment
        return current.status == "refunded" && before.amountRefunded == 0
            && before.refunds.allSatisfy { $0.status == .failed }
            && followUp.amount == before.amountCaptured
    }
}

/// The list of refunded transactions, as far as it was read.
struct RefundPages {
    /// The largest page that is documented.
    static let size = 100
    /// The payment and 19 pages: what the host sends for one question.
    static let mostRequests = 20

    struct Row {
        let id: String
        let paymentID: String
        let currency: String
        /// Minor units that went back.
        let refunded: Int64
        /// Whether the row says so of the amount; else it is the row's own.
        let isRefundedAmount: Bool

        init?(_ json: JSONValue) {
            guard let id = json["id"]?.string, let paymentID = json["payment_id"]?.string,
                let currency = json["currency"]?.string, let amount = json["amount"]?.integer,
                let status = json["status"]?.string, ["refunded", "partially_refunded"].contains(status)
            else { return nil }
            let told = json["refunded_amount"]
            guard let refunded = told == nil ? amount : told?.integer, refunded > 0 else { return nil }
            self.id = id
            self.paymentID = paymentID
            self.currency = currency
            self.refunded = refunded
            isRefundedAmount = told != nil
        }
    }

    private(set) var rows: [Row] = []
    /// How many rows all pages have; nil before the first.
    private(set) var total: Int?

    /// Whether every page was read.
    var isWhole: Bool { total == rows.count }

    /// Nil where a page cannot be read, or the pages do not make one list: it changed while it was read, or they are not
    /// those that were asked for.
    init?(_ replies: some Sequence<ProviderReply>) {
        var ids: Set<String> = []
        for reply in replies {
            guard !isWhole, let data = reply.gatewayData, let listed = data["transactions"]?.array,
                let told = data["total"]?.integer, let total = Int(exactly: told), total >= 0,
                self.total == nil || self.total == total,
                data["offset"] == nil || data["offset"]?.integer == Int64(rows.count),
                !listed.isEmpty || total == 0, listed.count <= Self.size
            else { return nil }
            self.total = total
            for value in listed {
                guard let row = Row(value), ids.insert(row.id).inserted else { return nil }
                rows.append(row)
            }
            guard rows.count <= total else { return nil }
        }
    }
}
