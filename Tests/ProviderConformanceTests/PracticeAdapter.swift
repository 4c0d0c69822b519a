import HTTPTypes
import PaymentModel
import ProviderKit
import StrictJSON

/// What the practice adapter does wrong; each is a mistake that a real plugin could make.
enum Defect: String, CaseIterable {
    case none
    case keyAsText, echo
    case serverErrorIsDecline, garbageIsAccepted, unknownStatusIsPending, anyClientErrorIsDecline
    case amountInHundredths, amountRounded, referenceCut, noCallbackAddress, unsortedMetadata, brokenJSON
    case bareNotFound, foreignPayment, cannotAskByOurReference, paidAmountRounded, timeoutIsPending
    case tokenOfGarbage, tokenShown
    case signatureIgnored, prefixEnough, bodyNotSigned, eventByTime, eventWithoutStatus
    case captureErrorIsDone, refundWithoutKey, unknownCancelIsDone
    case anyConflictIsKeyReused, keyReusedAnyway, pageIsTransaction, returnedAmountIsMoney, foreignPage
    case anyConflictIsConflict, conflictAnyway, doneAnyway, unnamedFollowUp, obstacleAlways
    case findingOfGarbage, findingWithoutTotal, findingOfFirstPage, findingOfNothing, findingOfServerError
    case unstableQuestion, endlessQuestions, anyListIsDone, findingShowsKey
    case anyID, anyAddress, anyWords, nearlyPaid, amountTimesHundred, referenceOfNowhere
}

/// A provider that does not exist, with every capability: where `defect` is none, as a plugin should be.
///
/// Its API: `POST /payments` with `reference`, `amount` (decimal text), `currency`, `callback`, `labels`;
/// `GET /payments/{reference}`; `POST /payments/{reference}/capture`, `…/cancel`, `…/refund` with `amount` and `key`, and
/// `GET /payments/{reference}/operations?from=N`, a list in pages. Replies say `status`; errors `error`.
struct PracticeAdapter: Inquiring, TokenAuthenticated, CallbackReceiving, Capturing, Canceling, Refunding,
    FollowUpInquiring
{
    static let declaration = ProviderDeclaration(
        id: "practice", name: "Practice", defaultBaseURL: nil, methods: [.card],
        settings: [
            SettingDeclaration("key", .secret, isRequired: true, help: "Signs callbacks and gets tokens."),
            SettingDeclaration("defect", .text, help: "What is wrong with it."),
        ])

    let key: Secret
    let keyText: String?
    let defect: Defect

    init(settings: ProviderSettings) throws(SettingFault) {
        defect = settings.text("defect").flatMap(Defect.init) ?? .none
        key = try settings.requiredSecret("key")
        keyText = defect == .keyAsText ? key.reveal() : nil
    }

    func incapability(for payment: PaymentShape) -> String? { payment.method == .card ? nil : "method" }

    func createSafety(for payment: PaymentShape) -> SendSafety { .refusesDuplicates }

    var referenceFormat: ReferenceFormat { .base32 }

    func createRequest(for order: PaymentOrder) -> ProviderRequest {
        let money = order.request.money
        var amount = money.decimalText
        if defect == .amountInHundredths { amount = "\(money.minorUnits / 100).\(money.minorUnits % 100)" }
        if defect == .amountRounded { amount = "\(Float(money.minorUnits))" }
        var json = JSONWriter()
        json.object { json in
            json.member("reference", defect == .referenceCut ? String(order.reference.prefix(20)) : order.reference)
            json.member("amount", amount)
            json.member("currency", money.currency.code)
            json.member("callback", defect == .noCallbackAddress ? nil : order.callbackURL)
            json.member("labels") { json in
                json.object { json in
                    for name in labels(of: order) { json.member(name, order.request.metadata[name]) }
                }
            }
        }
        var request = ProviderRequest.post("/payments", json: json)
        if defect == .brokenJSON { request.body.append(UInt8(ascii: ",")) }
        return request
    }

    private func labels(of order: PaymentOrder) -> [String] {
        let names = order.request.metadata.keys
        return defect == .unsortedMetadata ? Array(names) : names.sorted()
    }

    func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome {
        let error = reply.json?["error"]?.string
        switch reply.status {
        case 200:
            guard let status = reply.json?["status"]?.string else {
                return defect == .garbageIsAccepted
                    ? .accepted(ProviderReport(.pending(nil))) : .ambiguous(reason: "unreadable_reply")
            }
            switch status {
            case "paid": return .accepted(ProviderReport(.captured))
            case "open":
                let page = reply.json?["page"]?.string
                guard defect == .anyID || page.map(ProviderText.isReference) ?? true else {
                    return .ambiguous(reason: "unreadable_reply")
                }
                var next: NextAction?
                if let url = reply.json?["url"]?.string, defect == .anyAddress || WebAddress.problem(with: url) == nil {
                    next = .redirect(url: url, expiresAt: nil)
                }
                return .accepted(
                    ProviderReport(
                        .pending(next), providerReference: defect == .pageIsTransaction ? page : nil,
                        checkoutReference: page))
            case "declined": return .declined(Decline(code: .generic), providerReference: nil)
            default:
                return defect == .unknownStatusIsPending
                    ? .accepted(ProviderReport(.pending(nil))) : .ambiguous(reason: "unknown_status")
            }
        case 401: return .refused(.credentials)
        case 400..<500 where defect == .anyClientErrorIsDecline:
            return .declined(Decline(code: .generic), providerReference: nil)
        case 408 where defect == .timeoutIsPending: return .accepted(ProviderReport(.pending(nil)))
        case 409 where error == "duplicate": return .duplicate
        case 409 where error == "key_used" || defect == .anyConflictIsKeyReused: return .keyReused
        case 400..<500 where defect == .keyReusedAnyway && error == "key_used": return .keyReused
        case 422:
            guard let error else { return .ambiguous(reason: "http_422") }
            let hidden = [key, order.request.card?.number].compactMap { $0?.reveal() }
            let isSafe = defect == .echo || !hidden.contains { error.contains($0) }
            let words = defect == .anyWords ? error : ProviderText.sentence(error, hiding: [])
            return .rejected(detail: isSafe ? words ?? "refused" : "the request is invalid", providerCode: nil)
        case 503 where error == "maintenance": return .refused(Refusal(.unavailable, reason: "maintenance"))
        case 500 where defect == .serverErrorIsDecline:
            return .declined(Decline(code: .processingError), providerReference: nil)
        default: return .ambiguous(reason: "http_\(reply.status)")
        }
    }

    // MARK: Asking

    func inquiryRequest(for subject: InquirySubject) -> ProviderRequest? {
        if defect == .cannotAskByOurReference, subject.providerReference == nil { return nil }
        let reference = defect == .cannotAskByOurReference ? subject.providerReference : nil
        return ProviderRequest(.get, "/payments/" + percentEncoded(reference ?? subject.reference), headers: [:])
    }

    func inquiryOutcome(of reply: ProviderReply, for subject: InquirySubject) -> InquiryOutcome {
        switch reply.status {
        case 200: break
        case 401: return .refused(.credentials)
        case 404 where defect == .bareNotFound || reply.json?["error"]?.string == "no_such_payment": return .notFound
        default: return .noAnswer(reason: "http_\(reply.status)")
        }
        if let page = reply.json?["page"]?.string {
            guard page == subject.checkoutReference || defect == .foreignPage, reply.json?["status"]?.string == "open"
            else { return .noAnswer(reason: "foreign_reference") }
            return .found(
                ProviderReport(.pending(nil), checkoutReference: defect == .foreignPage ? nil : page))
        }
        guard let json = reply.json, let reference = json["reference"]?.string,
            reference == subject.reference || defect == .foreignPayment, let status = json["status"]?.string,
            ["paid", "partly_returned"].contains(status), let text = json["amount"]?.string,
            let code = json["currency"]?.string, let currency = Currency(code: code),
            let money = Money(decimal: text, currency: currency)
        else { return .noAnswer(reason: "unreadable_reply") }
        if status == "partly_returned" {
            let returned = json["returned"]?.string.flatMap { Money(decimal: $0, currency: currency) }
            return .found(
                ProviderReport(.partiallyRefunded, money: defect == .returnedAmountIsMoney ? returned : money))
        }
        let rounded = Money(minorUnits: money.minorUnits / 10 * 10, currency: currency)
        if defect == .amountTimesHundred {
            let hundredfold = Money(minorUnits: money.minorUnits &* 100, currency: currency)
            return .found(ProviderReport(.captured, money: hundredfold))
        }
        return .found(ProviderReport(.captured, money: defect == .paidAmountRounded ? rounded : money))
    }

    // MARK: Tokens

    func tokenRequest() -> ProviderRequest {
        let path = defect == .tokenShown ? "/token?key=\(key.reveal())" : "/token"
        return ProviderRequest(.post, path, headers: [:], body: Array(key.reveal().utf8))
    }

    func tokenOutcome(of reply: ProviderReply) -> TokenOutcome {
        guard reply.status == 200 else { return .noAnswer(reason: "http_\(reply.status)") }
        if let token = reply.json?["token"]?.string, ProviderText.isVisibleASCII(token) {
            return .issued(Secret(token), lifetime: .seconds(60))
        }
        return defect == .tokenOfGarbage
            ? .issued(Secret(""), lifetime: .seconds(60)) : .noAnswer(reason: "unreadable_reply")
    }

    func authorize(_ request: inout ProviderRequest, with token: Secret) {
        request.headers[.authorization] = "Bearer " + token.reveal()
    }

    // MARK: Callbacks

    var takesCallbackAddress: Bool { true }

    func verifyCallback(_ delivery: CallbackDelivery) -> CallbackVerdict {
        guard let presented = delivery.headers[.authorization] else {
            return defect == .signatureIgnored ? .authentic : .forged
        }
        let signed = defect == .bodyNotSigned ? [] : delivery.body
        let right = Signature.hmacSHA256Hex(signed, key: key)
        if defect == .prefixEnough, right.hasPrefix(presented), presented.utf8.count > 60 { return .authentic }
        return constantTimeEquals(presented.utf8, right.utf8) ? .authentic : .forged
    }

    func readCallback(_ delivery: CallbackDelivery) throws(CallbackFault) -> CallbackNotice {
        guard let json = try? JSONValue(parsing: delivery.body), let reference = json["reference"]?.string,
            let status = json["status"]?.string, ProviderText.isReference(reference)
        else { throw CallbackFault("unreadable") }
        let state: ReportedState
        switch status {
        case "paid": state = .captured
        case _ where defect == .nearlyPaid && status.lowercased().hasPrefix("pa"): state = .captured
        case "failed": state = .failed(Decline(code: .generic))
        default: throw CallbackFault("unknown status")
        }
        var eventID = "\(reference):\(status)"
        if defect == .eventByTime { eventID += delivery.receivedAt.description }
        if defect == .eventWithoutStatus { eventID = "payment:\(reference)" }
        let ours = defect == .referenceOfNowhere ? reference + "-1" : reference
        return CallbackNotice(eventID: eventID, report: ProviderReport(state, ourReference: ours))
    }

    // MARK: Follow-ups

    func captureSafety(for followUp: FollowUp) -> SendSafety { .replayable(within: .seconds(86_400)) }
    func captureRequest(for followUp: FollowUp) -> ProviderRequest { request("capture", followUp) }
    func captureOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome {
        if defect == .captureErrorIsDone, reply.status >= 500 { return .done(providerReference: nil) }
        return outcome(of: reply)
    }

    func cancelSafety(for followUp: FollowUp) -> SendSafety { .replayable(within: .seconds(86_400)) }
    func cancelRequest(for followUp: FollowUp) -> ProviderRequest { request("cancel", followUp) }
    func cancelOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome {
        if defect == .unknownCancelIsDone, reply.status == 200 { return .done(providerReference: nil) }
        return outcome(of: reply)
    }

    func refundSafety(for followUp: FollowUp) -> SendSafety { .replayable(within: .seconds(86_400)) }
    func refundRequest(for followUp: FollowUp) -> ProviderRequest { request("refund", followUp) }
    func refundOutcome(of reply: ProviderReply, for followUp: FollowUp) -> FollowUpOutcome { outcome(of: reply) }

    func followUpObstacle(for followUp: FollowUp) -> String? { defect == .obstacleAlways ? "never" : nil }

    private func request(_ verb: String, _ followUp: FollowUp) -> ProviderRequest {
        var json = JSONWriter()
        json.object { json in
            json.member("amount", followUp.amount)
            json.member("key", defect == .refundWithoutKey && verb == "refund" ? nil : followUp.key)
        }
        let name = defect == .unnamedFollowUp ? followUp.payment.providerReference ?? "" : followUp.reference
        return .post("/payments/\(percentEncoded(name))/\(verb)", json: json)
    }

    private func outcome(of reply: ProviderReply) -> FollowUpOutcome {
        switch (reply.status, reply.json?["status"]?.string, reply.json?["error"]?.string) {
        case (200, "done", _): .done(providerReference: nil)
        case (400..<500, "done", _) where defect == .doneAnyway: .done(providerReference: nil)
        case (409, _, "done_before"): .conflict(detail: "done before")
        case (409, _, _) where defect == .anyConflictIsConflict: .conflict(detail: "conflict")
        case (_, _, "done_before") where defect == .conflictAnyway: .conflict(detail: "done before")
        default: .ambiguous(reason: "http_\(reply.status)")
        }
    }

    // MARK: Asking after follow-ups

    func followUpInquiryRequest(for followUp: FollowUp, after replies: [ProviderReply]) -> ProviderRequest? {
        guard followUp.operation == .refund, replies.count < 20 || defect == .endlessQuestions else { return nil }
        var query = "from=0"
        if !replies.isEmpty, defect != .endlessQuestions {
            guard let list = OperationList(replies), !list.isWhole else { return nil }
            query = "from=\(list.rows.count)"
        }
        if defect == .unstableQuestion { query += "&nonce=\(UInt64.random(in: .min ... .max))" }
        if defect == .findingShowsKey { query += "&key=\(key.reveal())" }
        return ProviderRequest(.get, "/payments/\(percentEncoded(followUp.reference))/operations?\(query)")
    }

    func followUpFinding(in replies: [ProviderReply], for followUp: FollowUp) -> FollowUpFinding {
        if defect == .findingOfServerError, replies.last?.status == 500 { return .notDone }
        if defect == .findingOfNothing, replies.isEmpty { return .notDone }
        if defect == .anyListIsDone, replies.last?.json?["operations"]?.array?.isEmpty == false {
            return .done(providerReference: nil)
        }
        guard !replies.isEmpty, let list = OperationList(replies) else {
            return defect == .findingOfGarbage ? .notDone : .noAnswer(reason: "unreadable_reply")
        }
        let isEnough = defect == .findingWithoutTotal || defect == .findingOfFirstPage && replies.count == 1
        guard list.isWhole || isEnough else { return .noAnswer(reason: "incomplete") }
        return list.rows.contains(followUp.key) ? .done(providerReference: nil) : .notDone
    }
}

/// The practice provider's list of operations, by their keys.
private struct OperationList {
    var rows: [String] = []
    var total: Int64?

    var isWhole: Bool { total == Int64(rows.count) }

    init?(_ replies: [ProviderReply]) {
        for reply in replies {
            guard reply.status == 200, let json = reply.json, json["status"]?.string == "listed",
                let listed = json["operations"]?.array, let total = json["total"]?.integer,
                self.total == nil || self.total == total, json["from"]?.integer == Int64(rows.count)
            else { return nil }
            self.total = total
            for row in listed {
                guard let key = row["key"]?.string else { return nil }
                rows.append(key)
            }
        }
    }
}

/// An adapter that works without the setting that it declares as required.
struct CarelessAdapter: ProviderAdapter {
    static let declaration = ProviderDeclaration(
        id: "careless", name: "Careless", defaultBaseURL: nil, methods: [.card],
        settings: [SettingDeclaration("key", .secret, isRequired: true, help: "Not read at all.")])

    init(settings: ProviderSettings) throws(SettingFault) {}
    func incapability(for payment: PaymentShape) -> String? { nil }
    func createSafety(for payment: PaymentShape) -> SendSafety { .once }
    var referenceFormat: ReferenceFormat { .base32 }
    func createRequest(for order: PaymentOrder) -> ProviderRequest { ProviderRequest(.post, "/", headers: [:]) }
    func createOutcome(of reply: ProviderReply, for order: PaymentOrder) -> CreateOutcome {
        .ambiguous(reason: "http_\(reply.status)")
    }
}
