import HTTPTypes
import PaymentModel
import ProviderKit

extension Examiner {
    mutating func checkTokens(_ authenticated: any TokenAuthenticated) {
        expect(isReadable(authenticated.tokenRequest()), "a JSON body is strict JSON", "the token request")
        for fixture in fixtures(.token) {
            let outcome = authenticated.tokenOutcome(of: fixture.reply)
            expectRead(outcome.kind, outcome.words, fixture)
            if case .issued(_, let lifetime) = outcome {
                expect(lifetime > .zero, "a token lives for a time", fixture.name)
            }
        }
        for (reply, name) in unexplainedReplies(.token) {
            let kind = authenticated.tokenOutcome(of: reply).kind
            expect(kind == "no_answer", "what the documents do not explain is no answer", "\(name): \(kind)")
        }
        for mutated in mutatedReplies(.token) {
            let outcome = authenticated.tokenOutcome(of: mutated.reply)
            expectBearable(
                outcome.kind, of: mutated, unexplained: "no_answer", "what the documents do not explain is no answer")
            if case .issued(let token, let lifetime) = outcome {
                expect(
                    ProviderText.isVisibleASCII(token.reveal()) && lifetime > .zero, "a token is something that lives",
                    of: mutated)
            }
        }
        let token = "conformance-token-0123456789"
        for request in [adapter.createRequest(for: order)] {
            var authorized = request
            authenticated.authorize(&authorized, with: Secret(token))
            expect(
                authorized.headers.contains { $0.value.contains(token) } || authorized.path.contains(token)
                    || String(decoding: authorized.body, as: UTF8.self).contains(token),
                "a token is put into the request", "\(request)")
            expect(!"\(authorized)".contains(token), "no secret is shown", "the token, by an authorized request")
        }
    }
}
