import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import AlyaPay

@Suite("AlyaPay: the suite that every plugin passes")
struct AlyaPayConformanceTests {
    @Test func conforms() throws {
        let inputs = try inputs(Example.settings())
        for finding in conformanceFindings(of: AlyaPayAdapter.self, with: inputs) { Issue.record("\(finding)") }
    }

    @Test func conformsWithOurReference() throws {
        var inputs = try inputs(Example.settings(["vendor_reference": .text("on")]))
        inputs.referencePattern = "[A-Za-z0-9]{1,100}"
        for finding in conformanceFindings(of: AlyaPayAdapter.self, with: inputs) { Issue.record("\(finding)") }
    }

    @Test func conformsWithoutAWebhookSecret() throws {
        let settings = ProviderSettings(["api_key": .secret(Secret(Example.apiKey))])
        var inputs = try inputs(settings)
        inputs.callbackProof = .nothing
        inputs.secrets = [Example.apiKey]
        for finding in conformanceFindings(of: AlyaPayAdapter.self, with: inputs) { Issue.record("\(finding)") }
    }

    private func inputs(_ settings: ProviderSettings) throws -> ConformanceInputs {
        let template = try #require(try Example.fixture("inquiry.captured").reply.json?.object)
        let headers = try Example.headers(of: [])
        let names = headers.map(\.name)
        let receivedAt = try Example.time(Example.signedAt)
        return ConformanceInputs(
            settings: settings, secrets: [Example.apiKey, Example.webhookSecret], order: try Example.order(),
            fixtures: try Example.fixtures(), referencePattern: nil,
            moneyInRequest: { request in
                let body = try? JSONValue(parsing: request.body)
                guard let total = body?["total"]?.string, let item = body?["items"]?.array?.first,
                    let currency = body?["currency"]?.string.flatMap(Currency.init(code:)),
                    let money = Money(decimal: total, currency: currency), total == money.decimalText,
                    item["quantity"]?.integer == 1,
                    item["price"]?.number.flatMap({ Money(decimal: $0.text, currency: currency) }) == money
                else { return nil }
                return money
            },
            statusPointers: ["/status", "/data/status", "/event"], subject: try Example.subject(),
            paidInquiry: { money in
                var reply = template
                reply["amount"] = JSONNumber(text: money.decimalText).map(JSONValue.number) ?? .null
                reply["currency"] = .string(money.currency.code)
                return JSONValue.object(reply).serialized()
            },
            delivery: { body in
                let values = [Example.signedAt, Example.signature(of: body)]
                var headers: HTTPFields = [:]
                for (name, value) in zip(names, values) { headers[name] = value }
                return CallbackDelivery(headers: headers, body: body, receivedAt: receivedAt)
            })
    }
}

@Suite("AlyaPay: requests")
struct AlyaPayRequestTests {
    @Test func theDocumentedSessionIsMade() throws {
        let order = try Example.order {
            $0.items = [.init(id: "PRODUCT_123", name: "Wireless Headphones", unitAmount: 179_900, quantity: 1)]
        }
        let request = try Example.adapter().createRequest(for: order)
        #expect(request.description == "POST /api/v1/public/sessions")
        #expect(request.headers[try Example.header("X-API-Key")] == Example.apiKey)
        #expect(request.headers[.contentType] == "application/json")
        #expect(try JSONValue(parsing: request.body) == Example.fixture("request.session").reply.json)
    }

    @Test func onePaymentIsOneItemWhereTheAppNamesNone() throws {
        let body = try JSONValue(parsing: Example.adapter().createRequest(for: Example.order()).body)
        #expect(body.object?.names == ["total", "currency", "items"])
        #expect(
            body["items"]
                == (try JSONValue(
                    parsing: #"[{"id":"order-1001","name":"Wireless Headphones","price":1799,"quantity":1}]"#)))
        let nameless = try Example.order { $0.description = nil }
        let other = try JSONValue(parsing: Example.adapter().createRequest(for: nameless).body)
        #expect(other["items"]?.array?.first?["name"]?.string == "order-1001")
    }

    @Test func textsThatAreTooLongAreCut() throws {
        let long = try Example.order { $0.description = String(repeating: "é", count: 1024) }
        let made = try JSONValue(parsing: Example.adapter().createRequest(for: long).body)
        #expect(made["items"]?.array?.first?["name"]?.string == String(repeating: "é", count: 255))
        let listed = try Example.order {
            $0.items = [
                .init(
                    id: String(repeating: "i", count: 300), name: String(repeating: "n", count: 300),
                    unitAmount: $0.money.minorUnits, quantity: 1)
            ]
        }
        let item = try JSONValue(parsing: Example.adapter().createRequest(for: listed).body)["items"]?.array?.first
        #expect(item?["id"]?.string?.count == 64)
        #expect(item?["name"]?.string?.count == 255)
    }

    @Test func pricesAreExactAndLinesWithoutAPriceAreLeftOut() throws {
        let order = try Example.order {
            $0.money = Money(minorUnits: 29_905, currency: $0.money.currency)
            $0.items = [
                .init(id: "A", name: "Shirt", unitAmount: 9950, quantity: 3),
                .init(id: "B", name: "Gift", unitAmount: 0, quantity: 1),
                .init(id: "C", name: "Button", unitAmount: 5, quantity: 11),
            ]
        }
        let body = try JSONValue(parsing: Example.adapter().createRequest(for: order).body)
        #expect(body["total"]?.string == "299.05")
        let items = try #require(body["items"]?.array)
        #expect(items.compactMap { $0["id"]?.string } == ["A", "C"])
        #expect(items.compactMap { $0["price"]?.number?.text } == ["99.5", "0.05"])
        #expect(items.compactMap { $0["quantity"]?.integer } == [3, 11])
    }

    @Test func ourReferenceIsSentWhereTheSettingsSaySo() throws {
        func reference(_ setting: String) throws -> String? {
            let adapter = try Example.adapter(["vendor_reference": .text(setting)])
            return try JSONValue(parsing: adapter.createRequest(for: Example.order()).body)["vendorReference"]?.string
        }
        #expect(try reference("on") == "order_123")
        #expect(try reference("off") == nil)
    }

    @Test func theStateIsAskedWithTheSessionsToken() throws {
        let adapter = try Example.adapter()
        let key = try Example.header("X-API-Key")
        let token = try Example.header("X-Session-Token")
        for subject in [
            try Example.subject(), try Example.subject(providerReference: nil, claimed: Example.transaction),
        ] {
            let request = try #require(adapter.inquiryRequest(for: subject))
            #expect(request.description == "GET /api/v1/public/transactions/\(Example.transaction)/status")
            #expect(request.headers[token] == Example.token)
            #expect(request.headers[key] == nil)
        }
        // Before the browser told the id, and after the token's end, there is nothing to ask with.
        #expect(adapter.inquiryRequest(for: try Example.subject(providerReference: nil)) == nil)
        #expect(adapter.inquiryRequest(for: try Example.subject(providerReference: nil, claimed: "..")) == nil)
        #expect(adapter.inquiryRequest(for: try Example.subject(at: "2025-10-12T17:28:20.999Z")) != nil)
        #expect(adapter.inquiryRequest(for: try Example.subject(at: "2025-10-12T17:28:21Z")) == nil)
        let odd = try Example.subject(providerReference: nil, claimed: "a/b?c")
        #expect(adapter.inquiryRequest(for: odd)?.path == "/api/v1/public/transactions/a%2Fb%3Fc/status")
    }

    @Test func theKeyAsksAfterWhatIsKnownToBeThePayments() throws {
        let adapter = try Example.adapter(["status_auth": .text("api_key")])
        let key = try Example.header("X-API-Key")
        let token = try Example.header("X-Session-Token")
        for now in ["2025-10-12T16:30:00Z", "2025-10-13T00:00:00Z"] {
            let request = try #require(adapter.inquiryRequest(for: try Example.subject(at: now)))
            #expect(request.headers[key] == Example.apiKey)
            #expect(request.headers[token] == nil)
        }
        // The key sees every transaction of the merchant: a claimed one is read with this payment's session.
        let claimed = try Example.subject(providerReference: nil, claimed: Example.transaction)
        #expect(adapter.inquiryRequest(for: claimed)?.headers[token] == Example.token)
        #expect(adapter.inquiryRequest(for: claimed)?.headers[key] == nil)
        let late = try Example.subject(
            at: "2025-10-13T00:00:00Z", providerReference: nil, claimed: Example.transaction)
        #expect(adapter.inquiryRequest(for: late) == nil)
        #expect(
            adapter.inquiryRequest(for: try Example.subject(claimed: Example.transaction))?.headers[key]
                == Example.apiKey)
    }

    @Test func whatItCannotDoIsSaid() throws {
        let adapter = try Example.adapter()
        func incapability(_ change: (inout PaymentRequest) -> Void) throws -> String? {
            adapter.incapability(for: PaymentShape(app: "shop", request: try Example.order(change).request))
        }
        let euro = try #require(Currency(code: "EUR"))
        #expect(try incapability { _ in } == nil)
        #expect(try incapability { $0.returnURL = nil } == nil)
        #expect(try incapability { $0.money = Money(minorUnits: 100, currency: euro) } == "currency EUR")
        #expect(try incapability { $0.capture = .manual } == "capture manual")
        #expect(try incapability { $0.instrument = .card(nil) } == "method card")
    }

    @Test func theDeclarationIsTheDocuments() throws {
        let declaration = AlyaPayAdapter.declaration
        #expect(declaration.defaultBaseURL == "https://api.alyapay.com")
        #expect(declaration.currencies?.map(\.code) == ["MAD"])
        #expect(declaration.documentedLimits == [DocumentedLimit(requests: 100, per: .seconds(900))])
        let adapter = try Example.adapter()
        #expect(adapter.createSafety(for: PaymentShape(app: "shop", request: try Example.order().request)) == .inert)
        #expect(!adapter.takesCallbackAddress)
    }

    @Test(arguments: ["api_key", "webhook_secret"])
    func anEmptySecretIsNamed(key: String) {
        #expect { try Example.adapter([key: .secret(Secret(""))]) } throws: { ($0 as? SettingFault)?.key == key }
    }
}

@Suite("AlyaPay: replies")
struct AlyaPayReplyTests {
    @Test func aSessionIsATokenForTheBrowser() throws {
        let outcome = try Example.adapter().createOutcome(
            of: Example.fixture("create.accepted").reply, for: Example.order())
        guard case .accepted(let report) = outcome else {
            Issue.record("not accepted")
            return
        }
        let end = try Example.time("2025-10-12T17:28:21Z")
        #expect(report.state == .requiresAction(.clientToken("eyJraWQiOiJzZXNzaW9uLTIwMjUtMDEi...", expiresAt: end)))
        #expect(report.expiresAt == end)
        #expect(report.checkoutReference == "sess_abc123xyz789")
        // The session's id is not the transaction's, which nobody has told yet.
        #expect(report.providerReference == nil)
        #expect(report.session["session_token"]?.reveal() == "eyJraWQiOiJzZXNzaW9uLTIwMjUtMDEi...")
    }

    @Test(
        arguments: [
            ("invalid_amount", "INVALID_AMOUNT", "Amount must be greater than 0"),
            ("invalid_currency", "INVALID_CURRENCY", "Unsupported currency code"),
            ("invalid_items", "INVALID_ITEMS", "Items array is missing or invalid"),
            ("amount_mismatch", "AMOUNT_MISMATCH", "Total doesn't match sum of items"),
            ("error_text", "AMOUNT_MISMATCH", "the total is not the sum of the items"),
            ("code_at_top", "INVALID_ITEMS", "Items array is missing or invalid"),
            ("key", "INVALID_AMOUNT", "the amount must be greater than 0"),
            ("validation_list", nil, "items[0].price: must be greater than 0"),
            ("business_4235", "4235", "the order is invalid"),
            ("business_4239", "4239", "the amount is below the provider's minimum"),
            ("business_4242", "4242", "the amount is above the provider's maximum"),
        ] as [(String, String?, String)])
    func aRejectionSaysWhy(fixture: String, code: String?, words: String) throws {
        let outcome = try Example.adapter().createOutcome(
            of: Example.fixture("create.rejected.400.\(fixture)").reply, for: Example.order())
        guard case .rejected(let detail, let providerCode) = outcome else {
            Issue.record("not rejected")
            return
        }
        #expect(providerCode == code)
        #expect(detail == words)
    }

    @Test(
        arguments: [("4014", .doNotHonor), ("4018", .limitExceeded), ("4019", .limitExceeded)]
            as [(
                String, Decline.Code
            )])
    func aCustomerWithoutCreditIsDeclined(number: String, code: Decline.Code) throws {
        let outcome = try Example.adapter().createOutcome(
            of: Example.fixture("create.declined.400.business_\(number)").reply, for: Example.order())
        guard case .declined(let decline, nil) = outcome else {
            Issue.record("not declined")
            return
        }
        #expect(decline == Decline(code: code, providerCode: number))
    }

    @Test func theLimitSaysHowLongToWait() throws {
        let reply = ProviderReply(status: 429, headers: [.retryAfter: "120"])
        guard case .refused(let refusal) = try Example.adapter().createOutcome(of: reply, for: Example.order()) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal == .rateLimited(retryAfter: .seconds(120)))
    }

    @Test func theDocumentedTransactionIsPaid() throws {
        let report = try Example.found("inquiry.captured", Example.subject())
        #expect(report.state == .captured)
        #expect(report.money == (try Example.mad(179_900)))
        #expect(report.providerReference == Example.transaction)
        let claimed = try Example.found(
            "inquiry.captured", Example.subject(providerReference: nil, claimed: Example.transaction))
        #expect(claimed.money == report.money)
    }

    @Test(arguments: ["inquiry.pending", "inquiry.pending.processing"])
    func pendingKeepsTheTokenWhileItLives(fixture: String) throws {
        let end = try Example.time("2025-10-12T17:28:21Z")
        let open = try Example.found(fixture, Example.subject())
        #expect(open.state == .pending(.clientToken(Example.token, expiresAt: end)))
        let over = try Example.found(
            fixture, Example.subject(at: "2025-10-12T17:28:21Z"), ["status_auth": .text("api_key")])
        #expect(over.state == .pending(nil))
    }

    @Test(arguments: [("declined", "DECLINED"), ("failed", "FAILED")])
    func aFailureIsFinalOnlyAfterTheSession(fixture: String, code: String) throws {
        let decline = Decline(code: .generic, providerCode: code)
        let name = "inquiry.failed_for_now.\(fixture)"
        #expect(try Example.found(name, Example.subject()).state == .failedForNow(decline))
        let late = try Example.subject(at: "2025-10-12T17:28:21Z")
        #expect(try Example.found(name, late, ["status_auth": .text("api_key")]).state == .failed(decline))
    }

    @Test func aRefusedTokenIsNoFaultOfTheKey() throws {
        let reply = try Example.fixture("inquiry.no_answer.401.session_token").reply
        guard
            case .noAnswer("session_token_refused") = try Example.adapter().inquiryOutcome(
                of: reply, for: Example.subject())
        else {
            Issue.record("the session's token counts as a credential")
            return
        }
        let withKey = try Example.adapter(["status_auth": .text("api_key")])
        guard
            case .refused(.credentials) = withKey.inquiryOutcome(
                of: try Example.fixture("inquiry.no_answer.401.no_code").reply, for: try Example.subject())
        else {
            Issue.record("a refused key is not said")
            return
        }
    }

    @Test func amountsAreComparedAsMoney() throws {
        func money(_ amount: String, _ currency: String = "MAD") throws -> Money? {
            AlyaPayMapping.money(amount: try JSONValue(parsing: amount), currency: .string(currency))
        }
        #expect(try money("1799") == Example.mad(179_900))
        #expect(try money("1799.00") == Example.mad(179_900))
        #expect(try money("500.5") == Example.mad(50_050))
        #expect(try money("0.1000") == Example.mad(10))
        #expect(try money("1799.001") == nil)
        #expect(try money("1.799e3") == nil)
        #expect(try money(#""1799.00""#) == nil)
        #expect(try money("1799", "mad") == nil)
    }
}
