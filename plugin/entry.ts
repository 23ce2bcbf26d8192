/**
 * What the plugin starts: the agent, or, when uninstall asks for it, the clean-up. Both are
 * imported only when chosen, so that neither does anything for the other.
 */
if (process.env.CASTNET_CLEAN === 'yes') {
  const { serveCleanUp } = await import('./clean.ts');
  await serveCleanUp();
} else {
  await import('../src/main.ts');
}
