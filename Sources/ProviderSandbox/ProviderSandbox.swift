// ProviderSandbox
