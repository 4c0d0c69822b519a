import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@Suite("The suite for plugins finds what is wrong with one")
struct ProviderConformanceTests {
    @Test func aSoundAdapterHasNoFindings() throws {
        let findings = conformanceFindings(of: PracticeAdapter.self, with: try inputs(.none))
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(
        arguments: [
            (.keyAsText, "no secret is shown"),
            (.tokenShown, "no secret is shown"),
            (.echo, "a secret that the provider repeats is not passed on"),
            (.serverErrorIsDecline, "what the documents do not explain is ambiguous"),
            (.garbageIsAccepted, "what the documents do not explain is ambiguous"),
            (.timeoutIsPending, "what the documents do not explain is ambiguous"),
            (.captureErrorIsDone, "what the documents do not explain is ambiguous"),
            (.unknownStatusIsPending, "an unknown status is ambiguous"),
            (.unknownCancelIsDone, "an unknown status is ambiguous"),
            (.anyClientErrorIsDecline, "an empty refusal is no answer of the customer's bank"),
            (.amountInHundredths, "amounts are exact"),
            (.amountRounded, "amounts are exact"),
            (.paidAmountRounded, "paid amounts are read exactly"),
            (.referenceCut, "a reference reaches the provider unchanged"),
            (.noCallbackAddress, "the callback address is in the request"),
            (.unsortedMetadata, "the same order makes the same request"),
            (.brokenJSON, "a JSON body is strict JSON"),
            (.refundWithoutKey, "a repeatable call carries its key"),
            (.bareNotFound, "'not found' is only the documented body"),
            (.foreignPayment, "another payment's state is not this one's"),
            (.cannotAskByOurReference, "who refuses duplicates can be asked by our reference"),
            (.tokenOfGarbage, "what the documents do not explain is no answer"),
            (.signatureIgnored, "an unsigned callback is refused"),
            (.prefixEnough, "a tampered callback is refused"),
            (.bodyNotSigned, "a tampered callback is refused"),
            (.eventByTime, "a replayed callback is the same event"),
            (.eventWithoutStatus, "different events have different ids"),
            (.anyConflictIsKeyReused, "an empty refusal is no answer of the customer's bank"),
            (.keyReusedAnyway, "'key reused' is only the documented reply"),
            (.pageIsTransaction, "a page's reference is not its transaction's"),
            (.foreignPage, "another payment's state is not this one's"),
            (.returnedAmountIsMoney, "an amount that was returned is not the payment's"),
            (.anyConflictIsConflict, "an empty refusal says nothing of the payment"),
            (.conflictAnyway, "a conflict is only the documented reply"),
            (.doneAnyway, "a refusal is no success"),
            (.unnamedFollowUp, "a follow-up names its payment"),
            (.obstacleAlways, "the plugin can do the follow-ups of the inputs"),
            (.findingOfGarbage, "what is not the whole answer finds nothing"),
            (.findingOfServerError, "what is not the whole answer finds nothing"),
            (.findingOfNothing, "what is not the whole answer finds nothing"),
            (.findingOfFirstPage, "what is not the whole answer finds nothing"),
            (.findingWithoutTotal, "a list that lost a row does not say 'not done'"),
            (.unstableQuestion, "the same question makes the same request"),
            (.endlessQuestions, "asking has an end"),
            (.anyListIsDone, "damage does not make a success"),
            (.findingShowsKey, "no secret is shown"),
            (.anyID, "an id passes ProviderText.isReference"),
            (.anyAddress, "a page is a web address"),
            (.anyWords, "what is shown is a sentence"),
            (.nearlyPaid, "money is taken only by a documented status"),
            (.amountTimesHundred, "an amount is what the reply says"),
            (.referenceOfNowhere, "a reference is what the callback says"),
        ] as [(Defect, String)])
    func aDefectIsFound(defect: Defect, rule: String) throws {
        let findings = conformanceFindings(of: PracticeAdapter.self, with: try inputs(defect))
        #expect(findings.contains { $0.rule == rule }, "\(findings)")
        #expect(!findings.contains { $0.description.contains(Self.key) }, "a finding shows no secret")
    }

    @Test func aRequiredSettingThatIsNotNeededIsFound() throws {
        let findings = conformanceFindings(of: CarelessAdapter.self, with: try inputs(.none))
        #expect(findings.contains { $0.rule == "required settings are required" })
        #expect(findings.contains { $0.rule == "every capability has its documented replies" })
    }

    @Test func settingsThatMakeNoInstanceAreFound() throws {
        var inputs = try inputs(.none)
        inputs.settings = ProviderSettings([:])
        let findings = conformanceFindings(of: PracticeAdapter.self, with: inputs)
        #expect(findings.map(\.description) == ["the settings make an instance: key is required"])
    }

    @Test func aMissingCapabilityInputIsFound() throws {
        func lacking(_ change: (inout ConformanceInputs) -> Void) throws -> Set<String> {
            var inputs = try inputs(.none)
            change(&inputs)
            let findings = conformanceFindings(of: PracticeAdapter.self, with: inputs)
            return Set(findings.filter { $0.rule == "every capability has its documented replies" }.map(\.detail))
        }
        #expect(try lacking { $0.subject = nil } == ["inquiry: no subject in the inputs"])
        #expect(try lacking { $0.delivery = nil } == ["callback: no delivery in the inputs"])
        #expect(
            try lacking { $0.followUps = [] } == [
                "capture: no follow-up in the inputs", "cancel: no follow-up in the inputs",
                "refund: no follow-up in the inputs", "finding: no follow-up of the inputs can be asked after",
            ])
        #expect(
            try lacking { $0.fixtures.removeAll { $0.operation == .finding || $0.operation == .capture } }
                == ["capture: no fixture", "finding: no fixture"])
    }

    @Test func everyWayToPayHasItsInputs() throws {
        let card = try inputs(.none)
        #expect(conformanceFindings(of: PracticeAdapter.self, with: [card]).isEmpty)
        var question = card
        question.order = try checkoutOrder(card.order)
        let rules = conformanceFindings(of: PracticeAdapter.self, with: [question]).map(\.rule)
        #expect(rules.contains("every method has its inputs"))
        #expect(rules.contains("the plugin can do the payment of the inputs"))
    }

    @Test func whatOneWayLacksAnotherMayHave() throws {
        var first = try inputs(.none)
        var second = first
        first.fixtures.removeAll { [.callback, .capture, .cancel, .refund, .finding].contains($0.operation) }
        first.followUps = []
        first.delivery = nil
        second.fixtures.removeAll { [.create, .inquiry, .token].contains($0.operation) }
        second.subject = nil
        let findings = conformanceFindings(of: PracticeAdapter.self, with: [first, second])
        #expect(findings.isEmpty, "\(findings)")
        let alone = conformanceFindings(of: PracticeAdapter.self, with: [first])
        #expect(alone.filter { $0.rule == "every capability has its documented replies" }.count == 5)
    }

    @Test func aFixtureThatNothingReadsIsFound() throws {
        var inputs = try inputs(.none)
        inputs.followUps.removeAll { $0.operation == .capture }
        let findings = conformanceFindings(of: PracticeAdapter.self, with: [inputs])
        #expect(findings.map(\.detail) == ["capture: no follow-up in the inputs"])
    }

    @Test func aServerErrorThatIsDocumentedMayRefuse() throws {
        var inputs = try inputs(.none)
        let body = Array(#"{"error":"maintenance","message":"try again later"}"#.utf8)
        inputs.fixtures.append(try #require(ConformanceFixture(name: "create.refused.503", body: body)))
        let findings = conformanceFindings(of: PracticeAdapter.self, with: inputs)
        #expect(Set(findings.map(\.rule)) == ["what the documents do not explain is ambiguous"])
        #expect(findings.contains { $0.detail.hasPrefix("503 with create.refused.503: refused") })
        inputs.documentedServerErrors = [503]
        #expect(conformanceFindings(of: PracticeAdapter.self, with: inputs) == [])
    }

    @Test func everyPlaceOfTheStatusIsTried() throws {
        var inputs = try inputs(.unknownCancelIsDone)
        inputs.statusPointers = ["/state", "/status"]
        let findings = conformanceFindings(of: PracticeAdapter.self, with: inputs).map(\.description)
        #expect(findings.contains("a pointer to the status points at one: no fixture has /state"))
        #expect(
            findings.contains("an unknown status is ambiguous: cancel.done with null at /status is read as done"))
    }

    @Test func aFindingSaysWhatWasSeen() throws {
        func details(_ defect: Defect, _ change: (inout ConformanceInputs) -> Void = { _ in }) throws -> [String] {
            var inputs = try inputs(defect)
            change(&inputs)
            return conformanceFindings(of: PracticeAdapter.self, with: inputs).map(\.detail)
        }
        let odd = try #require(
            ConformanceFixture(name: "create.accepted.200.odd", body: Array(#"{"status":"x"}"#.utf8)))
        #expect(
            try details(.none) { $0.fixtures.append(odd) }
                == ["create.accepted.200.odd (status 200) is read as ambiguous (unknown_status)"])
        let mute = try #require(ConformanceFixture(name: "callback.captured.200.mute", body: Array("{}".utf8)))
        #expect(
            try details(.none) { $0.fixtures.append(mute) }
                == ["callback.captured.200.mute (status 200) is read as unreadable (unreadable)"])
        #expect(try details(.echo).contains("create.rejected.422 with a secret at /error"))
        let accepted = try details(.garbageIsAccepted)
        #expect(accepted.contains { $0.hasPrefix("200 with nothing") })
        #expect(accepted.contains { $0.hasPrefix("and ") && $0.hasSuffix(" more") })
    }

    @Test func aFollowUpIsOfAPaymentAsReported() throws {
        let order = try inputs(.none).order
        let report = ProviderReport(
            .captured, money: order.request.money, providerReference: "tx-1", session: ["token": Secret("s")])
        let followUp = FollowUp(.refund, of: order, after: report, amount: 5, reason: "damaged", key: "key-1")
        #expect(followUp.payment.status == .captured)
        #expect(followUp.payment.amountCaptured == order.request.money.minorUnits)
        #expect(followUp.payment.providerReference == "tx-1")
        #expect(followUp.reference == order.reference)
        #expect(followUp.key == "key-1" && followUp.amount == 5 && followUp.session == ["token": Secret("s")])
    }

    @Test(arguments: [
        ("create.accepted", "accepted", 200), ("create.duplicate.422", "duplicate", 422),
        ("inquiry.no_answer.404.another_body", "no_answer", 404), ("callback.failed.declined", "failed", 200),
    ])
    func aFixtureIsReadByItsName(name: String, expectation: String, status: Int) throws {
        let fixture = try #require(ConformanceFixture(name: name, body: []))
        #expect(fixture.expectation == expectation)
        #expect(fixture.reply.status == status)
    }

    @Test(arguments: ["create", "payment.accepted", ""])
    func aFixtureWithoutAnExpectationIsNone(name: String) {
        #expect(ConformanceFixture(name: name, body: []) == nil)
    }

    private func checkoutOrder(_ order: PaymentOrder) throws -> PaymentOrder {
        var request = order.request
        request.instrument = .checkout
        return PaymentOrder(
            id: order.id, reference: order.reference, request: request, callbackURL: order.callbackURL,
            createdAt: order.createdAt)
    }

    // MARK: Inputs

    static let key = "practice-key-d41f"

    /// What shows in changed replies alone, and not in every one of them.
    private static let foundByMutation: Set<Defect> = [.anyID, .anyAddress, .anyWords, .nearlyPaid]

    private func inputs(_ defect: Defect) throws -> ConformanceInputs {
        let money = Money(minorUnits: 10005, currency: try #require(Currency(code: "KES")))
        let now = try #require(Timestamp("2026-01-24T10:00:00Z"))
        let card = CardDetails(
            number: Secret("4242424242424242"), expiryMonth: 12, expiryYear: 2030, cvv: Secret("987"), holder: "A. N.")
        let request = PaymentRequest(
            money: money, instrument: .card(card), reference: "order-1",
            metadata: ["a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": "6", "g": "7", "h": "8"])
        let order = PaymentOrder(
            id: "pay_1", reference: "quickstart2reference3abcde", request: request,
            callbackURL: "https://pay.example.com/webhooks/practice/token", createdAt: now)
        let subject = InquirySubject(
            reference: order.reference, providerReference: "practice-1", checkoutReference: "page-1", money: money,
            method: .card, createdAt: now, now: now.advanced(by: .seconds(60)))
        let payment = Payment(id: "pay_1", app: "shop", request: request, route: nil, at: now)
        let followUps = [Operation.capture, .cancel, .refund].map {
            FollowUp(
                operation: $0, payment: payment, reference: order.reference, key: "key-of-\($0)", amount: 10005,
                reason: nil, session: [:])
        }
        return ConformanceInputs(
            settings: ProviderSettings(["key": .secret(Secret(Self.key)), "defect": .text(defect.rawValue)]),
            secrets: [Self.key], order: order, fixtures: try fixtures(reference: order.reference),
            referencePattern: "[a-z2-7]{26}", moneyInRequest: Self.money, statusPointers: ["/status"], subject: subject,
            paidInquiry: { Self.paid(order.reference, $0) },
            delivery: { body in
                CallbackDelivery(
                    headers: [
                        .authorization: Signature.hmacSHA256Hex(
                            defect == .bodyNotSigned ? [] : body, key: Secret(Self.key))
                    ], body: body, receivedAt: now)
            }, followUps: followUps, findingPreamble: [Self.firstPage],
            mutations: Self.foundByMutation.contains(defect) ? 400 : 10)
    }

    private static func money(in request: ProviderRequest) -> Money? {
        let json = try? JSONValue(parsing: request.body)
        guard let text = json?["amount"]?.string, let code = json?["currency"]?.string,
            let currency = Currency(code: code)
        else { return nil }
        return Money(decimal: text, currency: currency)
    }

    private static func paid(_ reference: String, _ money: Money) -> [UInt8] {
        let (amount, code) = (money.decimalText, money.currency.code)
        return Array(#"{"reference":"\#(reference)","status":"paid","amount":"\#(amount)","currency":"\#(code)"}"#.utf8)
    }

    /// The first of three operations; the fixtures of `finding` have the others.
    private static let firstPage = ProviderReply(
        status: 200,
        body: Array(#"{"status":"listed","from":0,"total":3,"operations":[{"key":"key-of-capture"}]}"#.utf8))

    private func fixtures(reference: String) throws -> [ConformanceFixture] {
        let texts = [
            "create.accepted": #"{"status":"paid"}"#,
            "create.declined": #"{"status":"declined"}"#,
            "create.refused.401": #"{"error":"credentials"}"#,
            "create.accepted.200.page": #"{"status":"open","page":"page-1"}"#,
            "create.accepted.200.redirect": #"{"status":"open","url":"https://practice.example.com/pay/1"}"#,
            "create.key_reused.409": #"{"error":"key_used"}"#,
            "create.duplicate.409": #"{"error":"duplicate"}"#,
            "create.rejected.422": #"{"error":"the currency is not supported"}"#,
            "inquiry.captured": #"{"reference":"\#(reference)","status":"paid","amount":"100.05","currency":"KES"}"#,
            "inquiry.pending.200.page": #"{"status":"open","page":"page-1"}"#,
            "inquiry.partially_refunded": """
            {"reference":"\(reference)","status":"partly_returned","amount":"100.05","returned":"1.00","currency":"KES"}
            """,
            "inquiry.not_found.404": #"{"error":"no_such_payment"}"#,
            "token.issued": #"{"token":"t-1"}"#,
            "callback.captured": #"{"reference":"\#(reference)","status":"paid"}"#,
            "callback.failed": #"{"reference":"\#(reference)","status":"failed"}"#,
            "callback.unreadable": #"{"reference":"\#(reference)"}"#,
            "capture.done": #"{"status":"done"}"#,
            "cancel.done": #"{"status":"done"}"#,
            "refund.done": #"{"status":"done"}"#,
            "refund.conflict.409": #"{"error":"done_before"}"#,
            "finding.done": """
            {"status":"listed","from":1,"total":3,"operations":[{"key":"key-of-refund"},{"key":"other"}]}
            """,
            "finding.not_done": """
            {"status":"listed","from":1,"total":3,"operations":[{"key":"other"},{"key":"another"}]}
            """,
            "finding.no_answer.200.incomplete": """
            {"status":"listed","from":1,"total":3,"operations":[{"key":"other"}]}
            """,
        ]
        return try texts.sorted { $0.key < $1.key }.map { name, text in
            try #require(ConformanceFixture(name: name, body: Array(text.utf8)))
        }
    }
}
