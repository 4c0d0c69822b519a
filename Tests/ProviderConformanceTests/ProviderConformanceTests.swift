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
        var inputs = try inputs(.none)
        inputs.followUps = []
        inputs.subject = nil
        inputs.delivery = nil
        let rules = conformanceFindings(of: PracticeAdapter.self, with: inputs).map(\.rule)
        #expect(rules.filter { $0 == "every capability has its documented replies" }.count == 5)
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

    // MARK: Inputs

    static let key = "practice-key-d41f"

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
            reference: order.reference, providerReference: "practice-1", money: money, method: .card, createdAt: now,
            now: now.advanced(by: .seconds(60)))
        let payment = Payment(id: "pay_1", app: "shop", request: request, route: nil, at: now)
        let followUps = [Operation.capture, .cancel, .refund].map {
            FollowUp(
                operation: $0, payment: payment, reference: order.reference, key: "key-of-\($0)", amount: 10005,
                reason: nil, session: [:])
        }
        return ConformanceInputs(
            settings: ProviderSettings(["key": .secret(Secret(Self.key)), "defect": .text(defect.rawValue)]),
            secrets: [Self.key], order: order, fixtures: try fixtures(reference: order.reference),
            referencePattern: "[a-z2-7]{26}", moneyInRequest: Self.money, statusPointer: "/status", subject: subject,
            paidInquiry: { Self.paid(order.reference, $0) },
            delivery: { body in
                CallbackDelivery(
                    headers: [
                        .authorization: Signature.hmacSHA256Hex(
                            defect == .bodyNotSigned ? [] : body, key: Secret(Self.key))
                    ], body: body, receivedAt: now)
            }, followUps: followUps, mutations: 50)
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

    private func fixtures(reference: String) throws -> [ConformanceFixture] {
        let texts = [
            "create.accepted": #"{"status":"paid"}"#,
            "create.declined": #"{"status":"declined"}"#,
            "create.refused.401": #"{"error":"credentials"}"#,
            "create.duplicate.409": #"{"error":"duplicate"}"#,
            "create.rejected.422": #"{"error":"the currency is not supported"}"#,
            "inquiry.captured": #"{"reference":"\#(reference)","status":"paid","amount":"100.05","currency":"KES"}"#,
            "inquiry.not_found.404": #"{"error":"no_such_payment"}"#,
            "token.issued": #"{"token":"t-1"}"#,
            "callback.captured": #"{"reference":"\#(reference)","status":"paid"}"#,
            "callback.failed": #"{"reference":"\#(reference)","status":"failed"}"#,
            "callback.unreadable": #"{"reference":"\#(reference)"}"#,
            "capture.done": #"{"status":"done"}"#,
            "cancel.done": #"{"status":"done"}"#,
            "refund.done": #"{"status":"done"}"#,
        ]
        return try texts.sorted { $0.key < $1.key }.map { name, text in
            try #require(ConformanceFixture(name: name, body: Array(text.utf8)))
        }
    }
}
