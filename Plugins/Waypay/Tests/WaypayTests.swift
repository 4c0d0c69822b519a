import HTTPTypes
import PaymentModel
import ProviderConformance
import ProviderKit
import StrictJSON
import Testing

@testable import Waypay

@Suite("Waypay: the suite that every plugin passes")
struct WaypayConformanceTests {
    private func inputs(_ order: PaymentOrder) throws -> ConformanceInputs {
        let template = try #require(try Example.fixture("inquiry.captured").reply.json?.object)
        let receivedAt = try Example.time("2026-01-18T08:17:58Z")
        return ConformanceInputs(
            settings: Example.settings(), secrets: [Example.apiKey, Example.signatureSecret], order: order,
            fixtures: try Example.fixtures(), referencePattern: "[A-Za-z0-9]+",
            moneyInRequest: { request in
                let body = try? JSONValue(parsing: request.body)
                guard let text = body?["amount"]?.number?.text,
                    let currency = body?["currency"]?.string.flatMap(Currency.init(code:))
                else { return nil }
                return Money(decimal: text, currency: currency)
            },
            statusPointers: ["/statusText", "/data/CurrentStatus"], subject: try Example.subject(),
            paidInquiry: { money in
                var transaction = template
                transaction["amount"] = JSONNumber(text: money.decimalText).map(JSONValue.number)
                transaction["currency"] = .string(money.currency.code)
                return JSONValue.object(transaction).serialized()
            },
            delivery: { body in CallbackDelivery(headers: [:], body: body, receivedAt: receivedAt) },
            callbackProof: .nothing)
    }

    @Test func conforms() throws {
        let wallet = try Example.order { $0.customer = Example.customer }
        let checkout = try Example.order {
            $0.instrument = .checkout
            $0.metadata = ["tier": "gold", "city": "Lahore"]
        }
        for order in [wallet, checkout] {
            for finding in conformanceFindings(of: WaypayAdapter.self, with: try inputs(order)) {
                Issue.record("\(order.request.method): \(finding)")
            }
        }
    }
}

@Suite("Waypay: requests")
struct WaypayRequestTests {
    @Test func theDocumentedRequestIsMade() throws {
        let request = try Example.adapter().createRequest(for: Example.order())
        #expect(request.description == "POST /Gateway/v1/Payment/initiate-checkout")
        #expect(request.headers[.contentType] == "application/json")
        #expect(try request.headers[#require(HTTPField.Name("SWICH-API-Key"))] == "pk_test_xxxxxxxx")
        // The example without what a payment of ours does not have, and with a signature that is one.
        var documented = try #require(try Example.fixture("request.documented").reply.json?.object)
        documented["orderRef"] = Example.object(["orderRef": "ORD123456"])
        documented["signature"] = .string("0c10d737fe7a771037af346fcf3c4062")
        #expect(try Example.body(request) == documented)
        #expect(try Example.body(request).names == documented.names)
    }

    @Test func aCheckoutLeavesTheChoiceToTheCustomer() throws {
        let order = try Example.order { $0.instrument = .checkout }
        #expect(
            try Example.body(Example.adapter().createRequest(for: order)).names
                == ["amount", "currency", "description", "orderRef", "callbackUrl", "intentType", "signature"])
    }

    @Test(arguments: [("jazzcash", 1), ("easypaisa", 2)])
    func aWalletIsPreselected(network: String, number: Int64) throws {
        let order = try Example.order { $0.instrument = .wallet(network: network, phone: nil) }
        #expect(try Example.body(Example.adapter().createRequest(for: order))["paymentMethod"]?.integer == number)
    }

    @Test func whatIsKnownOfTheCustomerIsSent() throws {
        func customer(
            _ customer: PaymentRequest.Customer?, phone: String? = nil
        ) throws -> JSONValue? {
            let order = try Example.order {
                $0.instrument = .wallet(network: "easypaisa", phone: phone)
                $0.customer = customer
            }
            return try Example.body(Example.adapter().createRequest(for: order))["customerRef"]
        }
        #expect(
            try customer(Example.customer)
                == Example.object([
                    "name": "Test User", "email": "test@example.com", "cnic": "3520108345678", "phone": "03123456789",
                ]))
        #expect(try customer(Example.customer, phone: "03007654321")?["phone"]?.string == "03007654321")
        #expect(try customer(nil, phone: "03007654321") == Example.object(["phone": "03007654321"]))
        #expect(try customer(.init(name: "عائشہ")) == Example.object(["name": "عائشہ"]))
        #expect(try customer(nil) == nil)
        #expect(try customer(.init(id: "user-42")) == nil)
        for id in ["35201-0834567-8", "352010834567", "35201083456789", "٣٥٢٠١٠٨٣٤٥٦٧٨"] {
            #expect(try customer(.init(nationalID: id)) == nil)
        }
    }

    @Test(arguments: [
        ("Two shirts", "Two shirts"), ("Zwei Hemden – größe M!", "Zwei Hemden   gr  e M "), ("a\"b\nc", "a b c"),
        ("  ", "Payment"), ("!?", "Payment"), ("", "Payment"), ("قمیض", "Payment"),
    ])
    func descriptionsHaveWaypaysAlphabet(text: String, description: String) throws {
        let order = try Example.order { $0.description = text }
        #expect(
            try Example.body(Example.adapter().createRequest(for: order))["description"]?.string == description)
    }

    @Test func descriptionsAreCutAndNeverMissing() throws {
        #expect(WaypayMapping.description(String(repeating: "é", count: 199) + "ab").utf8.count == 200)
        #expect(WaypayMapping.description(String(repeating: "x", count: 1024)) == String(repeating: "x", count: 200))
        #expect(WaypayMapping.description(nil) == "Payment")
    }

    @Test func metadataIsJSONTextInASCII() throws {
        let order = try Example.order { $0.metadata = ["tier": "gold", "note": "Größe \"M\" 👕\u{2028}", "a": "1"] }
        let text = try #require(
            try Example.body(Example.adapter().createRequest(for: order))["metadataJson"]?.string)
        #expect(
            text == #"{"a":"1","note":"Gr\u00f6\u00dfe \"M\" \ud83d\udc55\u2028","tier":"gold"}"#)
        #expect(
            try JSONValue(parsing: text)
                == Example.object(["tier": "gold", "note": "Größe \"M\" 👕\u{2028}", "a": "1"]))
    }

    @Test(arguments: [(100_000, "1000"), (1001, "10.01"), (100_050, "1000.5"), (999_999_999_999, "9999999999.99")])
    func amountsAreSignedAsTheyAreSent(minorUnits: Int64, text: String) throws {
        let money = try Example.money(minorUnits)
        let body = try Example.body(Example.adapter().createRequest(for: Example.order { $0.money = money }))
        #expect(body["amount"]?.number?.text == text)
        #expect(try Example.adapter().signer.text(of: body).hasPrefix("amount=\(text)&callbackurl="))
    }

    @Test func askingIsByOurReference() throws {
        let request = try Example.adapter().inquiryRequest(for: Example.subject(providerReference: Example.transaction))
        #expect(request?.description == "GET /Gateway/v1/Transaction/by-ref/Abcd12456")
        #expect(try request?.headers[#require(HTTPField.Name("SWICH-API-Key"))] == Example.apiKey)
    }

    @Test func whatItCannotDoIsSaid() throws {
        let adapter = try Example.adapter()
        func incapability(_ change: (inout PaymentRequest) -> Void) throws -> String? {
            adapter.incapability(for: PaymentShape(app: "shop", request: try Example.order(change).request))
        }
        #expect(try incapability { _ in } == nil)
        #expect(try incapability { $0.instrument = .checkout } == nil)
        #expect(try incapability { $0.instrument = .wallet(network: "mpesa", phone: nil) } == "network mpesa")
        #expect(try incapability { $0.instrument = .card(nil) } == "method card")
        #expect(try incapability { $0.capture = .manual } == "capture manual")
        let ten = try Example.money(1000)
        let more = try Example.money(1001)
        #expect(try incapability { $0.money = ten } == "amount 10.00 PKR is not above 10")
        #expect(try incapability { $0.money = more } == nil)
        let question = PaymentShape(app: "shop", money: more, method: .wallet)
        #expect(adapter.incapability(for: question) == nil)
        #expect(
            adapter.incapability(for: PaymentShape(app: "shop", money: more, method: .wallet, fields: []))
                == "network is missing")
    }

    @Test(arguments: [
        ("api_key", SettingValue.secret(Secret(""))), ("api_key", .secret(Secret("pk\r\nX: 1"))),
        ("signature_secret", .secret(Secret(""))), ("order_ref_signing", .text("xml")), ("not_found_code", .text("")),
    ])
    func aSettingThatCannotWorkIsNamed(key: String, value: SettingValue) {
        #expect { try Example.adapter([key: value]) } throws: { ($0 as? SettingFault)?.key == key }
    }
}

@Suite("Waypay: signatures")
struct WaypaySignatureTests {
    private func signature(_ body: String, _ orderRef: OrderRefSigning = .asSent) throws -> String {
        let object = try #require(try JSONValue(parsing: body).object)
        return WaypaySigner(secret: Secret(Example.signatureSecret), orderRef: orderRef).signature(of: object)
    }

    @Test func theWorkedExample() throws {
        let body = #"""
            {"orderRef":{"orderRef":"ORD123456"},"amount":1000,"description":"Payment for order","currency":"PKR",
             "customerRef":{"name":"John"},"callbackUrl":"","paymentMethod":null,"tags":["a"],"signature":"x"}
            """#
        #expect(try signature(body) == "ce43826ceaef63d8a37cfeacc2e75585")
        #expect(try signature(body, .none) == "85726f2dfb8577ff53a0d315e524c9ab")
        #expect(try signature(body, .withNulls) == "c5b1bcd5eec24c27e9bed109a47e5a09")
        #expect(try signature(body, .pascalCase) == "166ad0eb9487acfdc8628d68e8f2b95b")
    }

    @Test func theDocumentedRequest() throws {
        let body = try #require(try Example.fixture("request.documented").reply.json?.object)
        let signer = try Example.adapter().signer
        #expect(
            signer.text(of: body)
                == "amount=1000&callbackurl=https://yoursite.com/payment/callback&currency=PKR"
                + "&description=Product Purchase&intenttype=checkout"
                + #"&orderref={"orderRef":"ORD123456","discount":"10","tax":"15"}&paymentmethod=1"#)
        #expect(signer.signature(of: body) == "1351528335e6c3bb8f19a8d21becebba")
    }

    @Test func valuesAreWrittenAsDotNETWritesThem() throws {
        let body = try #require(
            try JSONValue(parsing: #"{"B":true,"a":false,"n":99.99,"m":50.5,"metadataJson":"{\"k\":\"v\"}"}"#).object)
        #expect(
            try Example.adapter().signer.text(of: body)
                == #"a=false&b=true&m=50.5&metadatajson={"k":"v"}&n=99.99"#)
    }

    @Test(arguments: OrderRefSigning.allCases)
    func theSettingChangesWhatIsSignedAndNotWhatIsSent(signing: OrderRefSigning) throws {
        let order = try Example.order { $0.metadata = ["name": "Ünal"] }
        let adapter = try Example.adapter(["order_ref_signing": .text(signing.rawValue)])
        let body = try Example.body(adapter.createRequest(for: order))
        #expect(body["orderRef"] == Example.object(["orderRef": "ORD123456"]))
        #expect(body["signature"]?.string == adapter.signer.signature(of: body))
        let isDefault = try body["signature"] == Example.body(Example.adapter().createRequest(for: order))["signature"]
        #expect(isDefault == (signing == .asSent))
        // No encoding and no line ending can make another text of what is signed.
        #expect(adapter.signer.text(of: body).utf8.allSatisfy { (0x20..<0x7f).contains($0) })
    }
}
