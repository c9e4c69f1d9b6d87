// The smallest discord.js bot that defers and replies. It is here to be measured beside Signalbox.
const { Client, Events, GatewayIntentBits, MessageFlags } = require("discord.js");

const client = new Client({
  intents: [GatewayIntentBits.Guilds],
  // The stand-in keeps no rate limits in a benchmark; neither does the client.
  rest: { api: process.env.DISCORD_API, globalRequestsPerSecond: 10000 },
});

client.once(Events.ClientReady, (ready) =>
  ready.application.commands.set([{ name: "status", description: "Says that it is there" }], process.env.DISCORD_GUILD),
);

client.on(Events.InteractionCreate, async (interaction) => {
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  await interaction.editReply("Here.");
});

client.login(process.env.DISCORD_TOKEN);
