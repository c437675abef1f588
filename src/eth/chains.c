#include "eth/chains.h"

static const struct chain CHAINS[] = {
    {1, "ethereum", "Ethereum"},
    {10, "optimism", "OP Mainnet"},
    {25, "cronos", "Cronos"},
    {30, "rootstock", "Rootstock"},
    {56, "bsc", "BNB Smart Chain"},
    {97, "bsc-testnet", "BNB Smart Chain's test network"},
    {100, "gnosis", "Gnosis"},
    {130, "unichain", "Unichain"},
    {137, "polygon", "Polygon"},
    {143, "monad", "Monad"},
    {146, "sonic", "Sonic"},
    {196, "xlayer", "X Layer"},
    {204, "opbnb", "opBNB"},
    {324, "zksync", "ZKsync Era"},
    {369, "pulsechain", "PulseChain"},
    {480, "worldchain", "World Chain"},
    {999, "hyperevm", "HyperEVM"},
    {1088, "metis", "Metis"},
    {1101, "polygon-zkevm", "Polygon zkEVM"},
    {1284, "moonbeam", "Moonbeam"},
    {1329, "sei", "Sei"},
    {1868, "soneium", "Soneium"},
    {2020, "ronin", "Ronin"},
    {2741, "abstract", "Abstract"},
    {4217, "tempo", "Tempo"},
    {4326, "megaeth", "MegaETH"},
    {5000, "mantle", "Mantle"},
    {5042, "arc", "Arc"},
    {8217, "kaia", "Kaia"},
    {8453, "base", "Base"},
    {9745, "plasma", "Plasma"},
    {31337, "anvil", "a local test network"},
    {42161, "arbitrum", "Arbitrum One"},
    {42220, "celo", "Celo"},
    {43113, "fuji", "Avalanche Fuji, a test network"},
    {43114, "avalanche", "Avalanche C-Chain"},
    {57073, "ink", "Ink"},
    {59144, "linea", "Linea"},
    {80002, "amoy", "Polygon Amoy, a test network"},
    {80094, "berachain", "Berachain"},
    {81457, "blast", "Blast"},
    {84532, "base-sepolia", "Base Sepolia, a test network"},
    {421614, "arbitrum-sepolia", "Arbitrum Sepolia, a test network"},
    {534352, "scroll", "Scroll"},
    {560048, "hoodi", "Hoodi, a test network"},
    {11155111, "sepolia", "Sepolia, a test network"},
    {11155420, "op-sepolia", "OP Sepolia, a test network"},
};

const struct chain *chains_list(size_t *count)
{
    *count = ARRAY_COUNT(CHAINS);
    return CHAINS;
}

const struct chain *chains_find(uint64_t id)
{
    for (size_t i = 0; i < ARRAY_COUNT(CHAINS); i++) {
        if (CHAINS[i].id == id) return &CHAINS[i];
    }
    return NULL;
}

status chains_parse(slice name, uint64_t *id)
{
    for (size_t i = 0; i < ARRAY_COUNT(CHAINS); i++) {
        if (!slice_equal(slice_text(CHAINS[i].name), name)) continue;
        *id = CHAINS[i].id;
        return status_ok();
    }
    FAIL(NOT_FOUND, 0, "chain: no chain of this name is known; give its number with --chain-id");
}
