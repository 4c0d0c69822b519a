import PaymentModel
import ProviderKit
import Testing

@Suite struct PaymentShapeTests {
    private func request(
        _ instrument: PaymentRequest.Instrument, customer: PaymentRequest.Customer? = nil
    ) throws -> PaymentRequest {
        PaymentRequest(
            money: Money(minorUnits: 500, currency: try #require(Currency(code: "KES"))), instrument: instrument,
            reference: "r", customer: customer)
    }

    private func card(_ number: String) -> CardDetails {
        CardDetails(number: Secret(number), expiryMonth: 1, expiryYear: 2030, cvv: Secret("123"), holder: "H")
    }

    @Test func holdsWhatRoutingLooksAt() throws {
        var request = try request(.mobileMoney(phone: "+254712345678", network: "mpesa"))
        request.country = Country(code: "KE")
        request.capture = .manual
        request.metadata = ["tier": "gold"]
        let shape = PaymentShape(app: "shop", request: request)
        #expect(shape.app == "shop")
        #expect(shape.money == request.money)
        #expect(shape.method == .mobileMoney)
        #expect(shape.network == "mpesa")
        #expect(shape.country == Country(code: "KE"))
        #expect(shape.capture == .manual)
        #expect(shape.metadata == ["tier": "gold"])
        #expect(shape.cardBrand == nil)
        #expect(shape.cardPrefix == nil)
        #expect(shape.fields == [])
    }

    @Test func ofACardOnlyBrandAndFirstEightDigitsAreKept() throws {
        let shape = PaymentShape(app: "shop", request: try request(.card(card("4242424299997777"))))
        #expect(shape.cardBrand == .visa)
        #expect(shape.cardPrefix == "42424242")
        var text = ""
        dump(shape, to: &text)
        #expect(!text.contains("9999"))
        let unknown = PaymentShape(app: "shop", request: try request(.card(nil)))
        #expect(unknown.method == .card)
        #expect(unknown.cardBrand == nil)
        #expect(unknown.cardPrefix == nil)
    }

    @Test func everyFieldIsSeenByItself() throws {
        let cases: [(PaymentShape.Fields, (inout PaymentRequest) -> Void)] = [
            (.customerID, { $0.customer = .init(id: "x") }), (.customerName, { $0.customer = .init(name: "x") }),
            (.customerEmail, { $0.customer = .init(email: "x") }),
            (.customerPhone, { $0.customer = .init(phone: "x") }),
            (.description, { $0.description = "x" }),
            (.items, { $0.items = [.init(id: "i", name: "n", unitAmount: 500, quantity: 1)] }),
            (.returnURL, { $0.returnURL = "x" }), (.cancelURL, { $0.cancelURL = "x" }),
        ]
        for (field, fill) in cases {
            var request = try request(.checkout)
            fill(&request)
            let shape = PaymentShape(app: "shop", request: request)
            #expect(shape.fields == field)
            for (other, _) in cases { #expect(shape.lacks(other) == (other != field)) }
        }
    }

    @Test func aQuestionThatDoesNotSayLacksNothing() throws {
        let kes = try #require(Currency(code: "KES"))
        let shape = PaymentShape(app: "shop", money: Money(minorUnits: 1, currency: kes), method: .card)
        #expect(!shape.lacks(.customerEmail))
        #expect(!shape.lacks([.customerEmail, .items]))
        var partly = shape
        partly.fields = [.customerEmail]
        #expect(!partly.lacks(.customerEmail))
        #expect(partly.lacks([.customerEmail, .items]))
    }
}

@Suite struct ProviderSettingsTests {
    private let settings = ProviderSettings([
        "key": .secret(Secret("s3cr3t")), "keys": .secrets([Secret("s3cr3t"), Secret("0lder")]), "text": .text("t"),
        "wait": .duration(.seconds(2)), "map": .map(["a": "b"]), "list": .texts(["x", "y"]),
    ])

    @Test func everySettingIsReadByItsKindAlone() throws {
        #expect(settings.secret("key") == Secret("s3cr3t"))
        #expect(try settings.requiredSecret("key").reveal() == "s3cr3t")
        #expect(settings.secrets("keys") == [Secret("s3cr3t"), Secret("0lder")])
        #expect(settings.text("text") == "t")
        #expect(settings.duration("wait") == .seconds(2))
        #expect(settings.map("map") == ["a": "b"])
        #expect(settings.texts("list") == ["x", "y"])
        for key in ["text", "absent"] {
            #expect(settings.secret(key) == nil)
            #expect(settings.secrets(key) == nil)
            #expect(settings.duration(key) == nil)
            #expect(settings.map(key) == nil)
            #expect(settings.texts(key) == nil)
            #expect(throws: SettingFault(key: key, detail: "is required")) { try settings.requiredSecret(key) }
        }
        #expect(settings.text("key") == nil)
    }

    @Test func settingsPrintNoSecret() {
        var text = "\(settings) \(String(reflecting: settings))"
        dump(settings, to: &text)
        #expect(!text.contains("s3cr3t"))
        #expect(!text.contains("0lder"))
    }
}
