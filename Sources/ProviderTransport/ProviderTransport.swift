// ProviderTransport
